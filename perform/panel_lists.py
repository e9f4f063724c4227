"""What the panel may list: presets, models, what can be loaded, routes, messages. Names only, never paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perform.core.errors import PerformError
from perform.listing import listed

MONITORED = 200
PERIOD_S = 5.0


class PanelLists:
    """Thread: any but the engine's; each call may read folders."""

    def __init__(self, rig: Any, desk: Any) -> None:
        self._rig, self._desk = rig, desk

    def all(self) -> dict[str, Callable[[], Any]]:
        """By name."""
        return {
            "presets": self.presets, "models": self.models, "catalog": self.catalog, "routes": self.routes,
            "monitor": self.monitor, "lan": self.lan, "cues": self.cues, "snapshots": self.snapshots,
        }  # fmt: skip

    def presets(self) -> list[dict[str, Any]]:
        """Those that can be recalled."""
        from perform.content import list_presets
        from perform.core.preset import read_preset

        found = []
        for path in list_presets():
            try:
                preset = read_preset(path)
            except PerformError:
                continue
            found.append({"name": path.stem, "title": preset.title, "doc": preset.doc, "tags": list(preset.tags)})
        return found

    def models(self) -> list[dict[str, Any]]:
        """The cards."""
        from perform.content import list_models
        from perform.core.card import read_card

        titles = {}
        for folder in list_models():
            try:
                card = read_card(folder)
            except PerformError:
                continue
            titles[folder.name] = (card.title, card.source.get("file") or card.source.get("format"))
        rows = []
        for row in listed("models"):
            doc = str(row.get("doc", ""))
            broken = doc.removeprefix("broken: ") if doc.startswith("broken: ") else ""
            title, source = titles.get(row["name"], ("", None))
            kept = {k: row.get(k) for k in ("name", "kind", "author", "licence", "resolution", "trained_on", "sha256")}
            rows.append({**kept, "title": title, "doc": "" if broken else doc, "broken": broken[:200],
                         "source": source})  # fmt: skip
        return rows

    def catalog(self) -> dict[str, list[str]]:
        """What decks and chains can take, and what routes can come from."""
        from perform.content import list_models, shaders
        from perform.show import known_sources

        models = [f"model:{folder.name}" for folder in list_models()]
        generators = [f"shader:{name}" for name in sorted(shaders("generators"))]
        signals = sorted(known_sources() | set(self._rig.engine.signals))
        return {"sources": [*models, *generators, "testcard", "camera", "deck:a", "deck:b"],
                "effects": sorted(shaders("effects")), "signals": signals}  # fmt: skip

    def routes(self) -> list[dict[str, Any]]:
        """The cables of the look that plays."""
        return [
            {"n": n, "source": r.source, "target": r.target, "curve": r.curve, "depth": r.depth, "lo": r.lo, "hi": r.hi}
            for n, r in enumerate(self._rig.engine.bank.routes, 1)
        ]

    def monitor(self) -> dict[str, Any]:
        """The last messages of MIDI and OSC, newest first, and how many a second there were."""
        lines: list[dict[str, Any]] = []
        for control in self._rig.controls:
            kept = getattr(control, "monitor", None)
            if kept is not None:
                lines += [_osc_line(*entry) for entry in list(kept)]
            midi = getattr(getattr(control, "desk", None), "monitor", None)
            if midi is not None:
                lines += [
                    {"t": t, "from": name, "way": way, "midi": list(message)} for t, name, way, message in list(midi)
                ]
        lines = sorted(lines, key=lambda line: -line["t"])[:MONITORED]
        now_s = self._rig.clock()
        recent = sum(now_s - line["t"] < PERIOD_S for line in lines)
        return {"lines": lines, "per_s": round(recent / PERIOD_S, 1)}

    def lan(self) -> dict[str, Any]:
        """The addresses of LAN mode with their codes."""
        from perform.control.web.codes import rows

        why = "Only this machine is let in. `perform play --lan` lets in who has the code: one to look on, one to play."
        links = [{"role": role, "url": url, "rows": rows(url)} for role, url in self._desk.links]
        return {"links": links, "why": why}

    def cues(self) -> dict[str, Any]:
        """The list of cues of this show, and the sets that can be loaded."""
        from perform.content import list_sets

        return {**self._rig.show.programme.cues.report(), "sets": [path.stem for path in list_sets()]}

    def snapshots(self) -> list[dict[str, Any]]:
        """What was kept, the newest last."""
        return [{"name": kept.name, "doc": kept.look.title} for kept in self._rig.show.looks.snapshots.all()]


def _osc_line(t: float, address: str, way: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    said = " ".join(f"{a:.4g}" if isinstance(a, float) else str(a)[:60] for a in arguments[:8])
    return {"t": t, "from": "OSC", "way": way, "text": f"{address[:120]} {said}"}
