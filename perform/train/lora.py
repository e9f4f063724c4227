"""`perform train lora`: a LoRA on a local diffusion model, from a captioned picture set.

Low-rank pairs beside the attention layers (Hu et al., arXiv 2106.09685; peft), taught by the model's own objective at
noise levels spread over what few-step models play at. The file is the one that diffusers writes; it plays live.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.commands.arguments import say
from perform.core.card import Card, read_card
from perform.core.card_text import card_text
from perform.core.errors import PerformError, UsageError
from perform.train.adversarial.run import Progress
from perform.train.dataset.store import card_hash, entries, read_data_card
from perform.train.micro.show import sheet
from perform.train.place import replacing, work_folder
from perform.train.running import Run

TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
LEAST_LEVEL = 0.25
SAVE_EVERY_S = 60.0
WEIGHTS = "lora.safetensors"


@dataclass(frozen=True)
class Settings:
    """rank: of the pairs. word: put before every caption, to call the style by; "" for none. Small sets want a low rank
    and few minutes."""

    minutes: float = 20.0
    rank: int = 8
    rate: float = 1e-3
    batch: int = 4
    size: int = 0
    word: str = ""
    flips: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 256:
            raise UsageError(f"--rank {self.rank}: between 1 and 256")
        if not 1 <= self.batch <= 64:
            raise UsageError(f"--batch {self.batch}: between 1 and 64")


class LoraTraining:
    """One training: OUT/NAME the LoRA's folder, OUT/work checkpoints, OUT/sheet.jpg without and with it."""

    def __init__(self, base: Path, data: Path, out: Path, name: str, settings: Settings, device: str = "cpu") -> None:
        from peft import LoraConfig

        from perform.generators.diffusion.families import open_parts

        self.settings, self.out, self.folder, self.data = settings, out, out / name, data
        self.card: Card = read_card(base)
        if self.card.kind != "diffusion":
            raise UsageError(f"{base}: is a {self.card.kind}; a LoRA is taught on a diffusion model")
        torch.manual_seed(settings.seed)
        self.device = torch.device(device)
        self.parts = open_parts(base, self.device)
        if self.parts.denoiser is None or not hasattr(self.parts.denoiser, "add_adapter"):
            raise UsageError(f"{base}: its network takes no LoRA")
        config = LoraConfig(r=settings.rank, lora_alpha=settings.rank, target_modules=list(TARGETS),
                            init_lora_weights="gaussian")  # fmt: skip
        self.parts.denoiser.add_adapter(config)
        self.weights = {n: p for n, p in self.parts.denoiser.named_parameters() if p.requires_grad}
        self.adam = torch.optim.AdamW(self.weights.values(), lr=settings.rate, weight_decay=0.01)
        self.images, self.words = self._taught()
        whose = {"name": name, "set": card_hash(data)[:12], "model": self.card.name}
        self.run = Run(work_folder(out) / "lora.pt", settings.minutes * 60, SAVE_EVERY_S, whose)
        if state := self.run.resume():
            self._load(state)

    @property
    def side(self) -> int:
        """Of the pictures that it is taught, px."""
        whole = self.settings.size or min(self.parts.native, int(read_data_card(self.data).get("size", 512)))
        return max(whole // self.parts.multiple, 1) * self.parts.multiple

    def _taught(self) -> tuple[Tensor, list[Tensor]]:
        """(latents [n, c, h, w], embeddings) of the whole set: encoded once."""
        from perform.train.adversarial.pictures import read_pictures

        rows = list(entries(self.data))
        if not rows:
            raise UsageError(f"{self.data}: no pictures to train on")
        pictures = read_pictures([path for path, _ in rows], self.side).float() / 127.5 - 1
        if self.settings.flips:
            pictures = torch.cat([pictures, pictures.flip(3)])
        latents = []
        with torch.no_grad():
            for part in pictures.split(8):
                latents.append(self.parts.decoder.encode(part.to(self.device)).float().cpu())
        told: dict[str, Tensor] = {}
        words = []
        for _, text in rows:
            full = " ".join(w for w in (self.settings.word, text) if w)
            if full not in told:
                told[full] = self.parts.text.encode(full).tokens.clone()
            words.append(told[full])
        return torch.cat(latents), words * (2 if self.settings.flips else 1)

    def _load(self, state: Mapping[str, Any]) -> None:
        if set(state["lora"]) != set(self.weights):
            raise PerformError(f"{self.run.path}: is of another model or rank; name another folder with --out")
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(state["lora"][name])
        self.adam.load_state_dict(state["adam"])

    def loss(self, chance: random.Random) -> Tensor:
        """The model's own objective on one batch."""
        from perform.generators.diffusion.parts import Embedding, Extras

        parts, schedule = self.parts, self.parts.schedule
        take = [chance.randrange(len(self.images)) for _ in range(self.settings.batch)]
        x0 = self.images[take].to(self.device)
        noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(chance.getrandbits(40))).to(self.device)
        index = [schedule.nearest(chance.uniform(LEAST_LEVEL, 1.0)) for _ in take]
        level = torch.tensor([schedule.levels[i] for i in index], device=self.device)[:, None, None, None]
        signal = torch.tensor([schedule.signal(i) for i in index], device=self.device)[:, None, None, None]
        t = torch.tensor([schedule.times[i] for i in index], device=self.device)
        words = Embedding(torch.cat([self.words[i] for i in take]))
        found = parts.denoise(signal * x0 + level * noise, t, words, Extras.at_rest(self.device, parts.dtype))
        wanted = {"epsilon": noise, "v_prediction": signal * noise - level * x0, "sample": x0, "flow": noise - x0}
        return F.mse_loss(found.float(), wanted[parts.prediction])

    def teach(self, progress: Progress) -> Path:
        """Until the time is up; returns the LoRA's folder."""
        chance = random.Random(self.settings.seed + 7919 * self.run.steps)
        while self.run.done < 1:
            loss = self.loss(chance)
            for group in self.adam.param_groups:
                group["lr"] = self.settings.rate * min(1.0, (self.run.steps + 1) / 20) * max(0.1, 1 - self.run.done)
            self.adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
            self.adam.step()
            self.run.count(self.settings.batch, {"loss": loss.item()})
            progress(int(self.run.spent), int(self.run.seconds))
            if self.run.due():
                self.save()
        self.save()
        self._sheet()
        return self.folder

    def save(self) -> None:
        """Checkpoint and the LoRA as it stands. A full disk is said, and the training goes on."""
        try:
            kept = {n: p.detach().cpu() for n, p in self.weights.items()}
            self.run.save({"lora": kept, "adam": self.adam.state_dict()})
            self._write()
        except (OSError, RuntimeError) as error:
            self.run.put_off()
            say(f"{self.out}: cannot be written ({error}); goes on, and tries again in a minute")

    def _write(self) -> None:
        from safetensors.torch import save_file

        with replacing(self.folder) as fresh:
            named = {f"unet.{n.replace('.default', '')}": p.detach().cpu().half().contiguous()
                     for n, p in self.weights.items()}  # fmt: skip
            save_file(named, fresh / WEIGHTS)
            (fresh / WEIGHTS).chmod(0o644)
            data = read_data_card(self.data)
            training = {
                "data": str(data.get("name", self.data.name)), "data_sha256": card_hash(self.data),
                "recipe": {"command": "perform train lora", **asdict(self.settings)},
                "pictures_seen": self.run.pictures, "hours": round(self.run.spent / 3600, 3),
                "parents": [{"name": self.card.name, "sha256": self.card.sha256,
                             "licence": self.card.licence or "unknown", "author": self.card.author or "unknown"}],
            }  # fmt: skip
            entries = {
                "name": self.folder.name, "kind": "lora", "title": self.folder.name.replace("_", " ").capitalize(),
                "author": str(data.get("author", "unknown")), "licence": str(data.get("licence", "unknown")),
                "weights": WEIGHTS, "sha256": hashlib.sha256((fresh / WEIGHTS).read_bytes()).hexdigest(),
                "description": f"A LoRA for {self.card.name}" + (f", called by the word {self.settings.word!r}"
                                                                 if self.settings.word else ""),
                "training": training,
            }  # fmt: skip
            (fresh / "model.toml").write_text(card_text(entries), "utf-8")

    @torch.no_grad()
    def _sheet(self) -> None:
        """Rows of captions; on the left the model alone, on the right with the LoRA."""
        texts = list(dict.fromkeys(text for _, text in entries(self.data)))[:4] or [""]
        rows = []
        for text in texts:
            full = " ".join(w for w in (self.settings.word, text) if w)
            self.parts.denoiser.disable_adapters()
            alone = self.paint(full, 3)
            self.parts.denoiser.enable_adapters()
            rows.append(torch.cat([alone, self.paint(full, 3)]))
        sheet(rows, self.out / "sheet.jpg")

    @torch.no_grad()
    def paint(self, text: str, count: int, seed: int = 1) -> Tensor:
        """One step from noise with the LoRA as it is now set: [count, 3, h, w] of -1..1."""
        from perform.generators.diffusion.parts import Extras, one_step

        parts = self.parts
        at = parts.starts % len(parts.schedule.levels)
        level, signal = parts.schedule.levels[at], parts.schedule.signal(at)
        cells = self.side // parts.factor
        noise = torch.randn(count, parts.latent_channels, cells, cells, generator=torch.Generator().manual_seed(seed))
        words = parts.text.encode(text)
        cx, cm = one_step(parts.prediction, signal, level)
        found = []
        for x in noise.to(self.device).split(1):
            t = torch.tensor([parts.schedule.times[at]], device=self.device)
            x0 = cx * x + cm * parts.denoise(x, t, words, Extras.at_rest(self.device, parts.dtype))
            found.append(parts.decoder.decode(x0).float().clamp(-1, 1).cpu())
        return torch.cat(found)
