"""What a picture of a few-step diffusion model costs, by stage, beside the plain diffusers pipeline in the same run.

On a CUDA card the networks have exactly SD-Turbo's and SDXL-Turbo's shapes (bench/gpu.py takes that); on a CPU these
are counted on paper, and the embedded micro model is timed. The floor of a CPU is its operations at the rate of one
large bfloat16 product in the same run; that of a card its operations at 790 TFLOP/s.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perform.bench.machine import describe
from perform.bench.model import timed

SIDE = 256
WORDS = "blue and gold marble"
TFLOPS = 790.0


def run(quick: bool = False) -> dict[str, Any]:
    """{"bench": "diffusion", "machine": …, "rows": […]}."""
    rows = paper(quick)
    folder = micro_folder()
    if folder is not None:
        rows += micro(folder, 3 if quick else 60)
    rows.append({"what": "SD-Turbo and SDXL-Turbo on a card", "note": "not taken here: python bench/gpu.py"})
    return {"bench": "diffusion", "machine": describe(), "rows": rows}


def micro_folder() -> Path | None:
    """The shipped diffusion model."""
    from perform.bench.model import model_folders
    from perform.core.card import read_card

    return next((f for f in model_folders("diffusion") if read_card(f).kind == "diffusion"), None)


def paper(quick: bool) -> list[dict[str, Any]]:
    """Operations of the large models, counted without a number."""
    import torch

    from perform.bench._diffusion_shapes import MODELS, SMALL, counted, networks, stages

    rows = []
    for model in SMALL if quick else MODELS:
        unet, vae = networks(model, "meta", torch.float32)
        params = sum(p.numel() for p in unet.parameters())
        for name, call in stages(model, unet, vae, "meta", torch.float32).items():
            row = {"what": f"{model.name} {model.side} px: {name}", **counted(call)}
            row["floor_ms_h100"] = round(2 * row["gmac"] / TFLOPS, 3)
            rows.append(row | ({"mparams": round(params / 1e6, 1)} if name == "denoise" else {}))
    return rows


def micro(folder: Path, count: int) -> list[dict[str, Any]]:
    """The embedded model: whole pictures, stages, and the plain pipeline."""
    import torch

    from perform.core.card import read_card
    from perform.core.types import Moment, ParamFrame, Picture
    from perform.generators.diffusion.families import open_parts
    from perform.generators.diffusion.instrument import Instrument

    dtype = torch.bfloat16
    parts = open_parts(folder, "cpu", dtype)
    instrument = Instrument(load=lambda *_: parts)
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({})
    given = {"width": SIDE, "height": SIDE, "prompt_1": WORDS, "steps": 1}
    still = instrument.render(ParamFrame(given), {}, Moment(0.0, 0.0, 0)).image
    number = [0]

    def paint(image: bool) -> Any:
        number[0] += 1
        pictures = {"image": Picture(still, None, number[0], 0.0)} if image else {}
        values = {**given, "orbit": 0.3, "strength": 0.6 if image else 1.0}
        return instrument.render(ParamFrame(values), pictures, Moment(number[0] / 30, 1 / 30, number[0]))

    rows = [{"what": f"{folder.name} {SIDE} px, text to image", **timed(lambda: paint(False), count)},
            {"what": f"{folder.name} {SIDE} px, image to image", **timed(lambda: paint(True), count)}]  # fmt: skip
    rows += micro_stages(parts, folder.name, count)
    plain = pipeline_ms(folder, count)
    rows.append({"what": "the plain diffusers pipeline, text to image", **plain})
    rows[0]["times_plain"] = round(plain["ms_p50"] / rows[0]["ms_p50"], 2)
    return rows


def micro_stages(parts: Any, name: str, count: int) -> list[dict[str, Any]]:
    """Single networks of the micro model, with their floors."""
    import torch

    from perform.generators.diffusion.parts import Extras

    cells = SIDE // parts.factor
    x, image = torch.randn(1, parts.latent_channels, cells, cells), torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    t, words, extras = torch.tensor([999.0]), parts.text.encode(WORDS), Extras.at_rest("cpu", parts.dtype)
    calls: dict[str, Callable[[], Any]] = {
        "words (once a prompt)": lambda: parts.text.encode(WORDS),
        "encode": lambda: parts.decoder.encode(image),
        "denoise": lambda: parts.denoise(x, t, words, extras),
        "decode": lambda: parts.decoder.decode(x),
    }
    rate, rows = product_rate(), []
    with torch.inference_mode():
        for stage, call in calls.items():
            row = {"what": f"{name} {SIDE} px: {stage}", **timed(call, count)}
            gmac = flops(call) / 2e9
            if gmac > 0:
                floor_ms = 2 * gmac / rate
                row |= {"gmac": round(gmac, 3), "floor_ms": round(floor_ms, 2)}
                row["times_floor"] = round(row["ms_p50"] / max(floor_ms, 1e-9), 1)
            rows.append(row)
    return rows


def flops(call: Callable[[], Any]) -> float:
    """Floating-point operations of a call."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def product_rate(side: int = 1024, rounds: int = 8) -> float:
    """GFLOP in a millisecond of one large bfloat16 product on this machine, its best of some."""
    import torch

    a, b = (torch.randn(side, side).bfloat16() for _ in range(2))
    best = float("inf")
    for _ in range(rounds):
        began_s = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began_s)
    return 2 * side**3 / 1e9 / (best * 1e3)


def pipeline_ms(folder: Path, count: int) -> dict[str, Any]:
    """The plain pipeline on the same folder: one step, numpy out."""
    import warnings

    import torch
    from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import AutoTokenizer, CLIPTextModel

    from perform.generators.diffusion.families.opened import quiet

    quiet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = {
            "unet": UNet2DConditionModel.from_pretrained(folder / "unet"),
            "vae": AutoencoderTiny.from_pretrained(folder / "vae"),
            "text_encoder": CLIPTextModel.from_pretrained(folder / "text_encoder"),
        }
        pipe = StableDiffusionPipeline(
            **{k: v.to(torch.bfloat16) for k, v in parts.items()}, safety_checker=None, feature_extractor=None,
            tokenizer=AutoTokenizer.from_pretrained(folder / "tokenizer"), requires_safety_checker=False,
            scheduler=DDIMScheduler.from_pretrained(folder / "scheduler", steps_offset=1, timestep_spacing="trailing"),
        )  # fmt: skip
        pipe.set_progress_bar_config(disable=True)

        def call() -> Any:
            return pipe(WORDS, num_inference_steps=1, guidance_scale=1.0, height=SIDE, width=SIDE, output_type="np")

        found = timed(call, max(3, count // 3))
    return found


def on_card(count: int, quick: bool = False) -> list[dict[str, Any]]:
    """The large shapes on a CUDA card: right first (the recording against the code), then times. For bench/gpu.py."""
    import torch

    from perform.bench._diffusion_shapes import MODELS, SMALL, counted, networks, stages

    rows: list[dict[str, Any]] = []
    for model in SMALL if quick else MODELS:
        gmac = {}
        for name, call in stages(model, *networks(model, "meta", torch.float32), "meta", torch.float32).items():
            gmac[name] = counted(call)["gmac"]
        unet, vae = networks(model, "cuda", torch.float16)
        rows += card_rows(model, unet, vae, gmac, "cuda", torch.float16, count)
        del unet, vae
        gc.collect()
        torch.cuda.empty_cache()
    return rows


def card_rows(
    model: Any, unet: Any, vae: Any, gmac: dict[str, float], device: str, dtype: Any, count: int
) -> list[Any]:
    """One model's rows: single networks, the loop recorded, the same code step by step, the plain pipeline."""
    import torch

    from perform.bench._diffusion_plain import pipelines
    from perform.bench._diffusion_shapes import parts_of
    from perform.core.types import Picture
    from perform.generators.background import Background
    from perform.generators.diffusion.player import Player
    from perform.generators.diffusion.rows import ROWS

    parts = parts_of(model, unet, vae, device, dtype)
    rest = {name: row.default for name, row in ROWS.items()} | {"width": model.side, "height": model.side,
                                                               "prompt_1": WORDS, "steps": 1}  # fmt: skip
    held = torch.randint(0, 255, (model.side, model.side, 3), dtype=torch.uint8).numpy()
    rows, plain = stage_rows(model, unet, vae, gmac, device, dtype, count), pipelines(model, unet, vae, device, dtype)
    for way, image, aim in (("text to image", False, model.aims[0]), ("image to image", True, model.aims[1])):
        players = {"recorded": Player(parts, Background(patient=True)),
                   "step by step": Player(parts, Background(patient=True), record=_as_it_is)}  # fmt: skip
        pictures = {"image": Picture(held, None, 1, 0.0)} if image else {}
        painted = {}
        with torch.inference_mode():
            for name, player in players.items():
                painted[name] = player.paint(rest, pictures, _moment(0), 0.0).astype(int)
            apart = abs(painted["recorded"] - painted["step by step"]).max()
            rows.append({"what": f"{model.name} {way}: recorded against the code", "most_levels_apart": int(apart),
                         "right": "yes" if apart <= 2 else "no"})  # fmt: skip
            for name, player in players.items():
                n = [0]

                def paint(player: Any = player, n: list[int] = n, pictures: Any = pictures) -> Any:
                    n[0] += 1
                    return player.paint({**rest, "orbit": 0.3}, pictures, _moment(n[0]), 1 / 60)

                row = {"what": f"{model.name} {way}: {name}", **timed(paint, count)}
                total = gmac["denoise"] + gmac["decode"] + (gmac["encode"] if image else 0.0)
                row |= {"gmac": total, "floor_ms_h100": round(2 * total / TFLOPS, 3)}
                row["times_floor"] = round(row["ms_p50"] / row["floor_ms_h100"], 2)
                rows.append(row | ({"aim_fps": aim} if aim else {}))
        beside = timed(plain[way], max(3, count // 3))
        rows[-2]["times_step_by_step"] = round(rows[-1]["ms_p50"] / rows[-2]["ms_p50"], 2)
        rows[-2]["times_plain"] = round(beside["ms_p50"] / rows[-2]["ms_p50"], 2)
        rows.append({"what": f"{model.name} {way}: the plain diffusers pipeline", **beside})
    return rows


def stage_rows(
    model: Any, unet: Any, vae: Any, gmac: dict[str, float], device: str, dtype: Any, count: int
) -> list[dict[str, Any]]:
    """Times of the single networks, each recorded by itself, and of the text encoders as they are."""
    import torch

    from perform.bench._diffusion_plain import text_call
    from perform.bench._diffusion_shapes import stages
    from perform.generators.recorded import record_cuda

    on_cuda, rows = torch.device(device).type == "cuda", []
    record = record_cuda if on_cuda else _as_it_is

    def finished(call: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (call(), torch.cuda.synchronize() if on_cuda else None)

    with torch.inference_mode():
        words = timed(finished(text_call(model, device, dtype)), max(3, count // 3))
        rows.append({"what": f"{model.name}: words (once a prompt)", **words})
        for name, call in stages(model, unet, vae, device, dtype).items():
            play, _ = record(lambda call=call: call()[0])  # type: ignore[misc]
            floor_ms = 2 * gmac[name] / TFLOPS
            row = {"what": f"{model.name}: {name}", **timed(finished(play), count), "gmac": gmac[name]}
            row |= {"floor_ms_h100": round(floor_ms, 3), "times_floor": round(row["ms_p50"] / max(floor_ms, 1e-9), 2)}
            rows.append(row)
    return rows


def _moment(number: int) -> Any:
    from perform.core.types import Moment

    return Moment(number / 60, 1 / 60 if number else 0.0, number)


def _as_it_is(call: Callable[[], Any]) -> tuple[Callable[[], Any], Any]:
    """Stands in for a recording: plays the code itself into one tensor."""
    out = call().clone()
    return (lambda: out.copy_(call())), out
