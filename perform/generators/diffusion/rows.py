"""The knobs of a diffusion model, and the cables that it suggests. Needs no torch.

Each doc ends with when a change is seen. next tick: in the next picture, even where several are in work at once.
next frame: in the next picture that is begun. recapture: something is laid out anew, in the background of a live show
while the old one plays on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perform.core.params import Param

PROMPTS = 4
LORAS = 3
BANDS = 4
MOST_STEPS = 4
MOST_PX = 1536
PLACES = ("down", "mid", "up")
SHAPES = ("columns", "rows", "rings")
BATCHES = ("sequential", "stream")

TICK, FRAME, ANEW = " (next tick)", " (next frame)", " (recapture)"


def _prompt_rows() -> list[Param]:
    found = []
    for n in range(1, PROMPTS + 1):
        doc = f"words for picture {n} of the mix; the noise stays as it is when they change" + FRAME
        found.append(Param(f"prompt_{n}", "text", "", live=False, doc=doc, quantised=True))
    for n in range(1, PROMPTS + 1):
        doc = f"how much of prompt {n}; two are joined on an arc, more are blended, never weaker than one alone" + TICK
        found.append(Param(f"prompt_{n}_weight", "float", 1.0 if n == 1 else 0.0, 0.0, 1.0, doc=doc))
    return [
        *found,
        Param("negative", "text", "", live=False, doc="words for what is not wanted; heard where guidance is over 1"
              + FRAME),
        Param("guidance", "float", 1.0, 1.0, 12.0, "x", "log", "how hard the words pull; 1 is as few-step models are "
              "made, and the fastest: above it each picture costs twice" + TICK + "; leaving 1 or coming back" + ANEW),
        Param("travel_beats", "int", 0, 0, 256, "beats", doc="goes round all prompts that have words, so many beats "
              "for each; 0: their weights count" + TICK),
        Param("travel_rest", "float", 0.0, 0.0, 0.95, doc="the part of that time each prompt stands still" + TICK),
        Param("glide_s", "float", 0.0, 0.0, 20.0, "s", "square", "how long new words and weights take to come" + TICK),
    ]  # fmt: skip


def _noise_rows() -> list[Param]:
    return [
        Param("seed", "int", 1, 0, 9_999_999, doc="the noise that pictures grow from" + FRAME, quantised=True,
              arc=("seed_2", "seed_mix")),
        Param("seed_2", "int", 2, 0, 9_999_999, doc="a second noise" + FRAME, quantised=True),
        Param("seed_mix", "float", 0.0, 0.0, 1.0, doc="from the first noise to the second, on an arc" + FRAME),
        Param("orbit", "float", 0.0, 0.0, 1.0, doc="how far the noise circles from its seed; 1 is a quarter turn of "
              "all that noise can be" + FRAME),
        Param("orbit_hz", "float", 0.05, 0.0, 4.0, "hz", "square", "rounds a second" + FRAME),
        Param("orbit_beats", "int", 0, 0, 256, "beats", doc="a round takes so many beats; 0: orbit_hz counts" + FRAME),
        Param("push", "float", 0.0, 0.0, 1.0, doc="throws the noise aside and lets it come back; made for hits"
              + FRAME),
        Param("strength", "float", 0.7, 0.02, 1.0, doc="the part of noise that the first step begins with, as "
              "√(1−ᾱ): how freely the picture at inputs/image, or the own last one, is painted over" + FRAME),
        Param("eta", "float", 1.0, 0.0, 1.0, doc="how much of the noise is drawn anew between two steps; needs two or "
              "more" + TICK),
        Param("noise_mask", "float", 1.0, 0.0, 1.0, doc="how far the picture at inputs/noise_mask says where noise "
              "goes: white all, black none" + FRAME),
        Param("noise_spectrum", "float", 0.0, 0.0, 1.0, doc="how far the bands below say where noise goes" + FRAME),
        Param("noise_shape", "choice", "columns", choices=SHAPES, doc="how they lie: low to high from left to right, "
              "from the foot up, or from the middle out" + FRAME),
        *(Param(f"noise_band_{n}", "float", 0.0, 0.0, 1.0, doc=f"noise in the part of band {n}, of low to high"
                + FRAME) for n in range(1, BANDS + 1)),
    ]  # fmt: skip


def _loop_rows() -> list[Param]:
    return [
        Param("feedback", "float", 0.0, 0.0, 1.0, doc="how far a picture begins with the one before it, as the model "
              "holds it, in place of inputs/image or of noise alone" + FRAME),
        Param("feedback_limit", "float", 0.9, 0.0, 1.0, doc="most that feedback can reach, whatever moves it; "
              "where the loop drifts it is limited by itself" + FRAME),
        Param("coherence", "float", 0.0, 0.0, 1.0, doc="how far what is fed back is held to the colours and contrast "
              "of the picture that coherence_take took" + TICK),
        Param("coherence_take", "trigger", 0, doc="takes the picture of now as the one to hold to" + FRAME),
        Param("feedback_zoom", "float", 1.0, 0.25, 4.0, "x/s", "log", "grows or shrinks the picture before" + FRAME),
        Param("feedback_x", "float", 0.0, -2.0, 2.0, "widths/s", doc="moves it, to the right above 0" + FRAME),
        Param("feedback_y", "float", 0.0, -2.0, 2.0, "heights/s", doc="moves it, up above 0" + FRAME),
        Param("feedback_turn", "float", 0.0, -180.0, 180.0, "deg/s", doc="turns it, to the left above 0" + FRAME),
        Param("inpaint", "float", 1.0, 0.0, 1.0, doc="how far the picture at inputs/mask keeps inputs/image as it is "
              "where it is black" + TICK),
        Param("inpaint_invert", "bool", False, doc="where it is white instead" + TICK),
    ]  # fmt: skip


def _inside_rows() -> list[Param]:
    found = []
    for place, what in zip(PLACES, ("the way in", "the middle", "the way out"), strict=True):
        doc = f"how much the words say in {what} of the network; 1 as trained" + TICK
        found.append(Param(f"attention_{place}", "float", 1.0, 0.0, 2.0, "x", doc=doc))
    for name, what in (("coarse", "the coarsest part"), ("fine", "the finer part")):
        doc = f"gain on what {what} of the network thinks itself; 1 as trained, above it bolder forms" + TICK
        found.append(Param(f"backbone_{name}", "float", 1.0, 0.2, 2.0, "x", doc=doc))
        doc = f"gain on what {what} takes over from the way in: detail and place; 1 as trained" + TICK
        found.append(Param(f"skip_{name}", "float", 1.0, 0.0, 2.0, "x", doc=doc))
    for n in range(1, LORAS + 1):
        doc = "a LoRA by name, from the folder of models; empty: none; it loads beside, and comes in on a beat" + ANEW
        found.append(Param(f"lora_{n}", "text", "", live=False, doc=doc, quantised=True))
        doc = f"how much of LoRA {n}; 0 none, 1 as trained" + TICK
        found.append(Param(f"lora_{n}_scale", "float", 1.0, -1.0, 2.0, "x", doc=doc))
    return [
        *found,
        Param("control", "float", 1.0, 0.0, 2.0, "x", doc="how strongly the picture at inputs/control guides, in a "
              "model with a ControlNet" + TICK),
        Param("control_every", "int", 1, 1, 16, "frames", doc="looks at inputs/control anew only every so many "
              "pictures" + FRAME),
        Param("style_scale", "float", 0.6, 0.0, 2.0, "x", doc="how strongly the picture at inputs/style speaks beside "
              "the words, in a model with an image prompt" + TICK),
    ]  # fmt: skip


def _shape_rows() -> list[Param]:
    """Slow to change, so that no route reaches them."""
    rows = [
        Param("steps", "int", 0, 0, MOST_STEPS, doc="denoise steps for each picture; 0: as the model is made" + ANEW),
        Param("batch", "choice", BATCHES[0], choices=BATCHES, doc="sequential: all steps of a picture, then the next. "
              "stream: the steps of several pictures at once, so that more come a second, each (steps − 1) pictures "
              "later" + ANEW),
        Param("width", "int", 0, 0, MOST_PX, "px", doc="of the picture; 0: as the model is made" + ANEW),
        Param("height", "int", 0, 0, MOST_PX, "px", doc="of the picture; 0: as the model is made" + ANEW),
        Param("show_steps", "bool", False, doc="also paints what the model saw after each step, as the pictures "
              "step_1, step_2, …: sources and pictures for shaders; costs a decoding each" + ANEW),
        Param("compile", "bool", False, doc="lets torch.compile work on the network: slow to begin, then faster"
              + ANEW),
    ]  # fmt: skip
    return [replace(row, live=False) for row in rows]


PARAMS: tuple[Param, ...] = (*_prompt_rows(), *_noise_rows(), *_loop_rows(), *_inside_rows(), *_shape_rows())
ROWS = {row.name: row for row in PARAMS}


def for_model(prompt: str) -> tuple[Param, ...]:
    """The rows with a model's own first prompt."""
    return tuple(replace(row, default=prompt) if row.name == "prompt_1" else row for row in PARAMS)


def _route(source: str, target: str, depth: float, attack_s: float, release_s: float, **more: Any) -> dict[str, Any]:
    full = {"curve": "linear", "lo": 0.0, "hi": 1.0} | more
    return {"source": source, "target": target, "depth": depth, "attack_s": attack_s, "release_s": release_s} | full


# Bass turns the noise: the large form sways. Hits throw it, and free a loop or a picture that is painted over. Low mids
# make forms bolder, high mids the words louder, highs let detail through; the beat leans to a second noise and back.
ROUTES: tuple[dict[str, Any], ...] = (
    _route("audio/bass/level", "orbit", 0.35, 0.03, 0.25, curve="square"),
    _route("audio/bass/hit", "push", 0.7, 0.0, 0.18),
    _route("audio/lowmid/level", "backbone_fine", 0.3, 0.03, 0.2),
    _route("audio/highmid/level", "attention_up", 0.35, 0.02, 0.2),
    _route("audio/treble/level", "skip_fine", 0.35, 0.01, 0.12),
    _route("audio/bass/hit", "strength", 0.12, 0.0, 0.18),
    _route("beat/pulse", "seed_mix", 0.3, 0.0, 0.12),
    *(_route(f"audio/{band}/level", f"noise_band_{n}", 1.0, 0.02, 0.15)
      for n, band in enumerate(("bass", "lowmid", "highmid", "treble"), 1)),
)  # fmt: skip
