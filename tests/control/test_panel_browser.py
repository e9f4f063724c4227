"""The panel in a real Chromium, on a real show, at the sizes of a phone, a tablet and a desk."""

import os
import re
import socket
import time

import pytest
from needs import need
from panel_browser import CHROMIUM, CONTROLS, PAGES, SIZES, Seat, browser
from running import playing

from perform.control.web.codes import lan_address

PRESET = """
version = 1
title = "Desk"
tags = ["one", "two"]
[deck.a]
source = "shader:marbling"
[deck.a.params]
speed = 0.2
[[deck.a.fx]]
shader = "mirror"
[[route]]
source = "audio/bass/level"
target = "deck/a/source/glow"
depth = 0.5
"""
OTHER = 'version = 1\ntitle = "Other"\ntags = ["one"]\n[deck.a]\nsource = "shader:order_squares"\n'
DROPPED = """/*{"DESCRIPTION": "dropped", "CATEGORIES": ["generator"], "INPUTS": [
  {"NAME": "amount", "TYPE": "float", "MIN": 0.0, "MAX": 2.0, "DEFAULT": 0.5},
  {"NAME": "lit", "TYPE": "bool", "DEFAULT": true}, {"NAME": "ink", "TYPE": "color", "DEFAULT": [1, 0.5, 0, 1]},
  {"NAME": "place", "TYPE": "point2D", "DEFAULT": [0.5, 0.5], "MIN": [0, 0], "MAX": [1, 1]},
  {"NAME": "kind", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["round", "square"], "DEFAULT": 0},
  {"NAME": "bang", "TYPE": "event"}]}*/
void main() { gl_FragColor = vec4(ink.rgb * amount * length(isf_FragNormCoord - place), 1.0); }
"""


def free_tcp():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Desk:
    """A show that can be started anew on the same port."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_tcp()
        (folder / "presets").mkdir()
        (folder / "presets" / "desk.toml").write_text(PRESET)
        (folder / "presets" / "other.toml").write_text(OTHER)
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self, *more):
        self._playing = playing(
            self.folder, "--display", "offscreen", "--size", "320x180", "--preset", "desk", "--osc-port", "-1",
            "--web", str(self.port), *more,
            env={**os.environ, "XDG_DATA_HOME": str(self.folder / "data"), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self.show = self._playing.__enter__()
        self.show.wait_for("playing")

    def stop(self):
        self.show.process.terminate()
        self.show.finish()
        self._playing.__exit__(None, None, None)


@pytest.fixture(scope="module")
def desk(jack, tmp_path_factory):
    need(CHROMIUM, "Chromium, for the panel")
    made = Desk(tmp_path_factory.mktemp("desk"))
    made.start("--midi", "Panel Knobs")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def chromium(desk):
    with browser() as made:
        yield made


@pytest.fixture
def seat(request, chromium, desk):
    made = Seat(chromium, desk.url, getattr(request, "param", "desktop"))
    yield made
    made.close()
    assert not made.said


def light(seat, of="out"):
    """Mean of what a preview shows, 0..255."""
    return seat.page.evaluate(
        """(of) => { const c = document.querySelector(`.preview[data-of=${of}] canvas`);
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let sum = 0; for (let n = 0; n < d.length; n += 4) sum += d[n] + d[n + 1] + d[n + 2];
        return sum / (d.length / 4 * 3); }""",
        of,
    )


@pytest.mark.parametrize("seat", SIZES, indirect=True)
def test_every_page_loads_and_every_control_has_a_name(seat):
    small = seat.page.viewport_size["width"] < 900
    for page in PAGES:
        seat.go(page)
        wide = seat.page.evaluate(
            "[document.querySelector('main').scrollWidth, document.querySelector('main').clientWidth]"
        )
        assert wide[0] <= wide[1], f"{page} is wider than the screen"
        found = seat.page.evaluate(CONTROLS)
        assert len(found) > 12
        nameless = [one["what"] for one in found if not one["name"]]
        assert not nameless, f"{page}: {nameless[:3]}"
        thin = [one["what"] for one in found if small and 2 < one["height"] < 40 and 'type="color"' not in one["what"]]
        assert not thin, f"{page}: too thin for a finger: {thin[:3]}"
        assert all(one["tab"] <= 0 for one in found)  # the order of the keys is that of the page
    seat.go("perform")
    seat.until("Number(document.querySelector('.preview[data-of=out]').dataset.drawn) > 3")
    assert light(seat) > 3.0


def test_the_keys_reach_everything_in_order(seat):
    seat.go("mix")
    reached = []
    for _ in range(45):
        seat.page.keyboard.press("Tab")
        reached.append(
            seat.page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
            )
        )
    assert len(set(reached)) > 25 and "speed" in reached
    order = [reached.index(name) for name in ("tap tempo", "source of deck a", "level", "speed")]
    assert order == sorted(order)
    speed = seat.at("deck/a/source/speed")
    speed.focus()
    before = seat.shown("deck/a/source/speed")
    seat.page.keyboard.press("ArrowRight")
    assert seat.shown("deck/a/source/speed") > before
    seat.page.keyboard.press("End")
    top = float(speed.get_attribute("aria-valuemax"))
    assert seat.shown("deck/a/source/speed") == pytest.approx(top, abs=0.01)
    seat.page.keyboard.type("0")
    seat.page.keyboard.press("Enter")
    assert seat.shown("deck/a/source/speed") == pytest.approx(float(speed.get_attribute("aria-valuemin")), abs=0.01)
    seat.page.keyboard.press("Backspace")


def test_a_drag_moves_the_show_and_the_other_panel(seat, chromium, desk):
    other = Seat(chromium, desk.url, "phone")
    for one in (seat, other):
        one.go("mix")
    seat.drag("deck/a/level", -120)
    told = seat.shown("deck/a/level")
    assert told < 0.9
    seat.becomes("deck/a/level", f"Math.abs(v - {told}) < 0.006")
    other.shows("deck/a/level", told)
    other.swipe("deck/a/level", 60)
    back = other.shown("deck/a/level")
    assert back > told
    seat.shows("deck/a/level", back)
    seat.at("deck/a/level").dblclick()
    seat.shows("deck/a/level", 1.0)
    assert not other.said
    other.close()


def test_what_saves_a_show(seat):
    seat.go("perform")
    seat.until("Number(document.querySelector('.preview[data-of=out]').dataset.drawn) > 2")
    button = seat.page.get_by_role("switch", name="Blackout")
    button.click()
    assert button.get_attribute("aria-checked") == "true"
    ends = time.monotonic() + 20.0
    while light(seat) > 2.0 and time.monotonic() < ends:
        time.sleep(0.1)
    assert light(seat) <= 2.0  # the preview is what the screen shows
    seat.page.keyboard.press("b")
    seat.becomes("out/blackout", "v === false")
    seat.page.get_by_role("button", name="Panic").click()
    seat.page.get_by_role("button", name="Panic").click()  # and back


def test_a_preset_is_recalled_and_its_controls_come(seat):
    seat.go("perform")
    seat.page.get_by_role("button", name="preset Other").click()
    seat.until("performPanel.store.facts.preset.name === 'other'")
    seat.until("document.querySelector('.tile[data-name=other]')?.getAttribute('aria-pressed') === 'true'")
    seat.until("![...performPanel.store.rows.keys()].some((p) => p.includes('/fx/mirror/'))")
    seat.page.get_by_role("button", name="preset Desk").click()
    seat.go("mix")
    seat.page.get_by_label("effect mirror").wait_for()
    assert seat.at("deck/a/source/glow").get_attribute("role") == "slider"


def test_a_moment_is_kept_seen_and_gone_over_to(seat):
    seat.page.evaluate("performPanel.store.set('macro/3', 0.9); performPanel.store.set('snapshot/beats', 1)")
    seat.go("perform")
    seat.page.get_by_role("button", name="Keep this moment").click()
    seat.page.evaluate("setTimeout(() => performPanel.store.set('macro/3', 0.1), 300)")
    seat.until("performPanel.store.value('macro/3') < 0.2")
    seat.go("presets")
    tile = seat.page.locator("button.tile[aria-label^='snapshot kept_']")
    tile.locator("img").wait_for(timeout=10000)
    tile.click()
    seat.until("performPanel.store.value('macro/3') > 0.89")
    seat.page.get_by_role("group", name="what a touch on a snapshot does").get_by_role("button", name="remove").click()
    tile.click()
    tile.wait_for(state="detached", timeout=10000)


def test_a_shader_that_is_dropped_in_appears_with_the_right_controls(seat, desk):
    (desk.folder / "shaders" / "generators").mkdir(parents=True, exist_ok=True)
    (desk.folder / "shaders" / "generators" / "dropped.fs").write_text(DROPPED)
    seat.go("mix")
    seat.until("() => performPanel.store.ask('catalog').then((c) => c.sources.includes('shader:dropped'))", 20.0)
    seat.page.evaluate("performPanel.store.set('deck/b/load', 'shader:dropped')")
    seat.page.wait_for_selector('main [data-path="deck/b/source/amount"]', timeout=20000)
    kinds = {name: seat.at(f"deck/b/source/{name}").get_attribute("data-kind")
             for name in ("amount", "lit", "ink", "place", "kind", "bang")}  # fmt: skip
    assert kinds == {
        "amount": "float",
        "lit": "bool",
        "ink": "colour",
        "place": "point",
        "kind": "choice",
        "bang": "trigger",
    }
    seat.at("deck/b/source/lit").click()
    seat.becomes("deck/b/source/lit", "v === false")
    seat.at("deck/b/source/kind").get_by_role("radio", name="square").click()
    before = seat.truth("deck/b/source/place")
    pad = seat.at("deck/b/source/place").locator(".pad")
    pad.focus()
    for _ in range(4):
        seat.page.keyboard.press("ArrowRight")
    seat.becomes("deck/b/source/place", f"v[0] > {before[0] + 0.05}")
    seat.go("perform")  # deck b is not on air, and is seen here
    seat.until("Number(document.querySelector('.preview[data-of=b]').dataset.drawn) > 2")
    assert light(seat, "b") > 3.0
    seat.page.evaluate("performPanel.store.set('deck/b/unload', 'now')")


def test_surprise_leaves_the_locked_alone(seat):
    seat.go("mix")
    held = seat.truth("deck/a/source/glow")
    seat.page.get_by_label("lock glow against surprises").first.click()
    seat.until("performPanel.store.value('surprise/locks').includes('deck/a/source/glow')")
    before = {path: seat.truth(path) for path in ("deck/a/source/speed", "deck/a/source/glow")}
    seat.page.get_by_role("button", name="Surprise me").first.click()
    seat.becomes("deck/a/source/speed", f"v !== {before['deck/a/source/speed']}")
    assert seat.truth("deck/a/source/glow") == held
    seat.page.get_by_label("lock glow against surprises").first.click()


PROMPT = """() => { const store = performPanel.store; const path = 'deck/a/source/prompt_1';
  store.rows.set(path, {path, kind: 'text', lo: 0, hi: 1, unit: '', curve: 'linear', choices: [], doc: '', def: ''});
  store.refresh = () => {}; store.values.set(path, 'moss under glass'); store.tell('structure'); }"""
"""As if a model with a prompt played."""


def test_prompts_have_a_library_and_keys(seat):
    seat.go("perform")
    seat.page.evaluate(PROMPT)
    seat.page.get_by_role("button", name="Keep this prompt").click()
    seat.becomes("prompt/library", "v === 'moss under glass'")
    seat.page.get_by_label("a prompt 1").fill("a river of ink")
    seat.page.keyboard.press("Enter")
    seat.until("performPanel.store.value('deck/a/source/prompt_1') === 'a river of ink'")
    seat.page.get_by_label("a prompt 1").blur()
    seat.page.keyboard.press("1")
    seat.until("performPanel.store.value('deck/a/source/prompt_1') === 'moss under glass'")
    seat.page.get_by_label("forget moss under glass").click()
    seat.becomes("prompt/library", "v === ''")


def test_routes_show_and_move(seat):
    seat.go("mapping")
    seat.page.get_by_role("button", name="route 1: audio/bass/level to deck/a/source/glow").wait_for()
    seat.drag("route/1/depth", 30)
    seat.becomes("route/1/depth", "v > 0.55")
    seat.until("document.querySelector('.meter.now .fill').style.transform !== 'scaleX(0)'")
    count = len(seat.page.query_selector_all(".route"))
    seat.page.get_by_label("source of a new route").select_option("macro/2")
    seat.page.get_by_label("target of a new route").fill("deck/a/source/speed")
    seat.page.get_by_role("button", name="join").click()
    seat.until(f"document.querySelectorAll('.route').length === {count + 1}")
    seat.page.evaluate(f"performPanel.store.set('route/remove', '{count + 1}')")
    seat.until(f"document.querySelectorAll('.route').length === {count}")
    find = seat.page.get_by_label("find a parameter")
    find.fill("tempo lead")
    assert seat.at("tempo/lead_s").get_attribute("role") == "slider"


def test_a_knob_is_learnt_from_the_panel(seat):
    import mido

    mido.set_backend("mido.backends.rtmidi/UNIX_JACK")
    knobs = mido.open_output("MIDI 1", virtual=True, client_name="Panel Knobs")
    try:
        seat.go("mix")
        seat.page.get_by_role("button", name="learn").first.click()
        seat.at("deck/a/source/speed").click()
        seat.becomes("learn/target", "v === 'deck/a/source/speed'")
        ends = time.monotonic() + 25.0
        while time.monotonic() < ends and "steers" not in seat.page.locator(".toast").inner_text():
            for value in range(10, 110, 6):
                knobs.send(mido.Message("control_change", control=21, value=value))
                time.sleep(0.02)
        assert "cc/1/21" in seat.page.locator(".toast").inner_text()
        assert not seat.page.evaluate("document.body.classList.contains('learning')")
        for value in (*range(100, -1, -5), 0, *range(5, 128, 5), 127):  # past where it stands: it picks up there
            knobs.send(mido.Message("control_change", control=21, value=value))
            time.sleep(0.02)
        top = float(seat.at("deck/a/source/speed").get_attribute("aria-valuemax"))
        seat.shows("deck/a/source/speed", top)
        seat.go("mapping")
        seat.page.locator(".monitor li").first.wait_for()
        assert "cc ch 1" in seat.page.locator(".monitor").inner_text()
    finally:
        knobs.close()


def test_after_a_lost_connection_it_comes_back_by_itself(chromium, desk):
    seat = Seat(chromium, desk.url, "phone")
    seat.go("mix")
    desk.stop()
    seat.until("!performPanel.store.linked")
    assert "link is down" in seat.page.locator(".band").inner_text()
    seat.go("audio")  # pages are at hand without the link
    desk.start("--midi", "none")
    seat.linked(40.0)
    assert not seat.page.locator(".band").is_visible()
    seat.go("mix")
    seat.swipe("deck/a/level", -80)
    told = seat.shown("deck/a/level")
    seat.becomes("deck/a/level", f"Math.abs(v - {told}) < 0.006")
    assert not [line for line in seat.said if "ERR_CONNECTION_REFUSED" not in line and "WebSocket" not in line]
    seat.close()


def test_others_in_the_network_come_in_by_code_only(chromium, desk):
    desk.stop()
    desk.start("--midi", "none", "--lan")
    address = lan_address()
    need(address, "a network address of this machine, for LAN mode")
    links = dict(re.findall(r"^(\w+) \([^)]*\): (http\S+)$", "\n".join(desk.show.said), re.MULTILINE))
    assert links.keys() == {"performer", "viewer"} and "█" in desk.show.said[-1] + desk.show.said[-3]
    here = Seat(chromium, desk.url, "desktop")  # at this machine no token is wanted
    here.go("system")
    here.page.get_by_role("img", name="QR code for a viewer").wait_for()
    assert links["performer"] in here.page.locator(".codes").inner_text()
    stranger = chromium.new_context().new_page()
    stranger.goto(f"http://{address}:{desk.port}/")
    stranger.get_by_text("wants the token").wait_for()
    viewer, phone = Seat(chromium, links["viewer"], "phone"), Seat(chromium, links["performer"], "phone")
    assert "token" not in viewer.page.url
    assert "changes nothing" in viewer.page.locator(".band").inner_text()
    for what in ("log", "facts", "rows", "catalog", "monitor", "lan"):  # nothing that a viewer may ask holds the key
        told = viewer.page.evaluate(f"performPanel.store.ask('{what}').then((all) => JSON.stringify(all))")
        assert links["performer"].partition("token=")[2] not in told
    for one in (viewer, phone):
        one.go("mix")
        one.page.evaluate("performPanel.store.role = 'performer'")  # whatever a page thinks of itself
    viewer.page.evaluate("performPanel.store.set('deck/a/level', 0.11)")
    phone.page.evaluate("performPanel.store.set('deck/a/source/speed', 0.5)")
    here.becomes("deck/a/source/speed", "Math.abs(v - 0.5) < 0.01")
    assert here.truth("deck/a/level") == 1.0
    phone.page.reload()
    phone.linked()  # it remembers
    assert not here.said + viewer.said + phone.said
    for one in (here, viewer, phone):
        one.close()
    stranger.context.close()
