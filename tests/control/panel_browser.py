"""A real browser on a real show's panel, for tests and for the pictures in the docs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}
PAGES = ("perform", "mix", "audio", "mapping", "presets", "models", "system")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-extensions", "--disable-default-apps",
         "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-breakpad")  # fmt: skip

CONTROLS = """() => {
  const wanted = 'button, a[href], select, input, summary, [role=slider], [role=application], [tabindex="0"]';
  const seen = [...document.querySelectorAll(wanted)].filter((e) => e.offsetParent !== null || e.closest('header'));
  return seen.map((e) => {
    const label = e.closest('label');
    const box = e.getBoundingClientRect();
    return {what: e.outerHTML.slice(0, 140), height: Math.round(box.height), tab: e.tabIndex,
      name: (e.getAttribute('aria-label') || (label && label.textContent) || e.title || e.textContent || '').trim()};
  });
}"""
"""Everything on the page that can be reached or touched, with the name that a screen reader says."""


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window. Nothing of it leaves this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield made
        finally:
            made.close()


def _complains(message: Any) -> bool:
    """Of the page, that is, and not of how a test reads its pixels."""
    return message.type in ("error", "warning") and "getImageData" not in message.text


class Seat:
    """One page at the panel, of a size; `said` is what the console had to complain about."""

    def __init__(self, chromium: Any, url: str, size: str) -> None:
        width, height = SIZES[size]
        self.context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=size != "desktop")
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text) if _complains(m) else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(url)
        self.linked()

    def linked(self, timeout_s: float = 25.0) -> None:
        """Wait until the panel and the show know each other."""
        self.until(
            "window.performPanel?.store.linked && performPanel.store.rows.size && performPanel.store.facts.preset",
            timeout_s,
        )

    def go(self, page: str) -> None:
        """To one of the pages."""
        self.page.evaluate(f"performPanel.goTo('{page}')")
        self.page.wait_for_selector(f"main[data-page={page}] .page > *")

    def at(self, path: str) -> Any:
        """The control of a parameter, the first in sight."""
        return self.page.locator(f'main [data-path="{path}"]').first

    def shown(self, path: str) -> float:
        """What its slider says."""
        return float(self.at(path).get_attribute("aria-valuenow"))

    def until(self, script: str, timeout_s: float = 20.0) -> None:
        """Wait until a script in the page is true. (The page's own policy forbids what Playwright has for this.)"""
        ends = time.monotonic() + timeout_s
        while not self.page.evaluate(script):
            if time.monotonic() > ends:
                raise AssertionError(f"never: {script}")
            self.page.wait_for_timeout(40)

    def truth(self, path: str) -> Any:
        """The value that the show itself has, asked anew."""
        return self.page.evaluate("(path) => performPanel.store.ask('values', [path]).then((v) => v[path])", path)

    def becomes(self, path: str, condition: str) -> None:
        """Wait until the show itself has a value `v` that fits."""
        ask = f"performPanel.store.ask('values', ['{path}'])"
        self.until(f"() => {ask}.then((all) => ((v) => {condition})(all['{path}']))")

    def shows(self, path: str, number: float) -> None:
        """Wait until a slider says a number."""
        ends = time.monotonic() + 20.0
        while abs(self.shown(path) - number) > 0.011:
            assert time.monotonic() < ends, f"{path} shows {self.shown(path)}, not {number}"
            self.page.wait_for_timeout(40)

    def drag(self, path: str, dx: float, dy: float = 0.0, steps: int = 8) -> None:
        """By mouse from the control's middle."""
        control = self.at(path)
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=steps)
        self.page.mouse.up()

    def swipe(self, path: str, dx: float, dy: float = 0.0, steps: int = 8) -> None:
        """By finger from the control's middle."""
        control = self.at(path)
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        hand = self.context.new_cdp_session(self.page)
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, steps + 1):
            point = {"x": x + dx * step / steps, "y": y + dy * step / steps}
            hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def close(self) -> None:
        """Leave."""
        self.context.close()
