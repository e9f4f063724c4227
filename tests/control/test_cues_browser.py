"""The list of cues on the panel and the visitors' page, in a real Chromium on a real show."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from needs import need
from panel_browser import CHROMIUM, CONTROLS, SIZES, Seat, browser
from running import free_port, playing
from test_panel_browser import free_tcp

from perform.control.web.codes import lan_address

LOOK = 'version = 1\ntitle = "{title}"\n[deck.a]\nsource = "shader:marbling"\n[deck.a.params]\nglow = 0.5\n'
SET = """
version = 1
title = "Evening"
[[cue]]
name = "doors"
note = "people come in"
preset = "one"
follow_s = 900
[[cue]]
name = "lost"
preset = "nowhere"
[[cue]]
name = "peak"
preset = "two"
fade_s = 0
"""
VENUE = """
[show]
set = "evening"
[visitor]
title = "Touch the picture"
hint = "It goes back to rest by itself."
rest_s = 2
code = "on-the-wall"
looks = ["one", "two"]
[[visitor.control]]
path = "deck/a/source/glow"
label = "Glow"
lo = 0.2
hi = 0.8
[[visitor.control]]
path = "deck/a/bypass"
label = "Bare"
[[visitor.control]]
path = "surprise/a"
label = "Surprise me"
"""


@pytest.fixture(scope="module")
def osc_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def url(tmp_path_factory, osc_port):
    need(CHROMIUM, "Chromium, for the panel")
    folder = tmp_path_factory.mktemp("evening")
    (folder / "presets" / "sets").mkdir(parents=True)
    for name in ("one", "two"):
        (folder / "presets" / f"{name}.toml").write_text(LOOK.format(title=name.title()))
    (folder / "presets" / "sets" / "evening.toml").write_text(SET)
    (folder / "venue.toml").write_text(VENUE)
    port = free_tcp()
    env = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "OMP_NUM_THREADS": "1"}
    with playing(
        folder, "--display", "offscreen", "--size", "160x90", "--osc-port", str(osc_port), "--midi", "none",
        "--web", str(port), "--lan", env=env,
    ) as show:  # fmt: skip
        show.wait_for("playing")
        assert [line for line in show.said if "nowhere" in line]
        yield f"http://127.0.0.1:{port}/"
        show.process.terminate()
        show.finish()


@pytest.fixture(scope="module")
def chromium(url):
    with browser() as made:
        yield made


@pytest.fixture
def seat(chromium, url):
    made = Seat(chromium, url, "desktop")
    made.go("presets")
    yield made
    made.close()
    assert not made.said


def until(page, script: str, timeout_s: float = 20.0) -> None:
    """Wait until a script in the page is true; its own policy forbids what Playwright has for this."""
    ends = time.monotonic() + timeout_s
    while not page.evaluate(script):
        assert time.monotonic() < ends, f"never: {script}"
        page.wait_for_timeout(40)


class Guest:
    """A phone at the visitors' page."""

    def __init__(self, chromium, url: str) -> None:
        width, height = SIZES["phone"]
        self.context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=True)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(f"{url}visit")
        self.page.wait_for_selector(".slider")

    def until(self, script: str) -> None:
        until(self.page, script)


@pytest.fixture
def guest(chromium, url):
    made = Guest(chromium, url)
    yield made
    made.context.close()
    assert not made.said


def current(seat) -> str:
    return "document.querySelector('.cues [aria-current] b')?.textContent"


def test_the_list_is_played_from_the_panel(seat):
    seat.until(f"{current(seat)} === 'doors'")
    seat.until("document.querySelector('.tile.next')?.textContent.includes('peak')")  # what is not there is passed over
    seat.until("/follows by itself in 1[45]:/.test(document.querySelector('.meter.coming').textContent)")
    assert seat.page.locator(".cues .lacking").inner_text().split() == ["2", "lost", "not", "there"]
    seat.at("cue/go").click()
    seat.until(f"{current(seat)} === 'peak'")
    seat.until("performPanel.store.facts.preset.name === 'two'")
    seat.until("document.querySelector('.meter.coming').hidden")
    seat.at("cue/back").click()
    seat.until(f"{current(seat)} === 'doors'")
    seat.until("/follows by itself in 1[45]:/.test(document.querySelector('.meter.coming').textContent)")
    seat.at("cue/hold").click()
    seat.becomes("cue/hold", "v === true")
    seat.page.locator(".cues button", has_text="peak").click()
    seat.until("performPanel.store.facts.preset.name === 'two'")
    seat.page.locator(".cues button", has_text="doors").click()
    seat.until("performPanel.store.facts.preset.name === 'one'")
    assert all(one["name"] for one in seat.page.evaluate(CONTROLS))
    seat.go("perform")  # GO is at hand where the show is played
    seat.until("document.querySelector('.gostrip .tile.next')?.textContent.includes('peak')")
    seat.page.locator(".gostrip .isgo").click()
    seat.until("performPanel.store.facts.preset.name === 'two'")
    seat.until("document.querySelector('.gostrip .hint')?.textContent === 'the set ends here'")
    seat.page.evaluate("performPanel.store.set('cue/goto', 'doors')")
    seat.until("performPanel.store.facts.preset.name === 'one'")


def test_a_fader_elsewhere_chooses_a_cue_by_its_number(seat, osc_port):
    need(shutil.which("oscsend"), "oscsend of liblo-tools")
    for number, name in ((3, "two"), (1, "one")):
        subprocess.run(["oscsend", "127.0.0.1", str(osc_port), "/perform/cue/at", "f", str(number)], check=True)
        seat.until(f"performPanel.store.facts.preset.name === '{name}'")


def test_another_set_and_the_autopilot(seat):
    seat.page.get_by_label("set", exact=True).select_option("gallery_day")
    seat.until("performPanel.store.value('cue/next') === 'lake'")
    seat.page.get_by_label("set", exact=True).select_option("evening")
    seat.until("performPanel.store.value('cue/next') === 'doors'")
    seat.at("autopilot/on").click()
    seat.becomes("autopilot/on", "v === true")
    seat.until("[...document.querySelectorAll('.meter.coming')].some((m) => /changes in [23]:/.test(m.textContent))")
    seat.until("performPanel.store.value('autopilot/coming') !== ''")
    seat.at("autopilot/on").click()
    seat.becomes("autopilot/on", "v === false")
    seat.at("cue/go").click()
    seat.until("performPanel.store.facts.preset.name === 'one'")


def test_a_visitor_touches_and_it_goes_back_to_rest(guest, seat):
    assert guest.page.title() == "Touch the picture"
    guest.until("Number(document.querySelector('.picture').dataset.drawn) > 2")
    guest.until("document.querySelector('.glow.on') !== null && document.querySelectorAll('.look').length === 2")
    glow = guest.page.locator(".slider")
    assert glow.get_attribute("aria-valuenow") == "50"
    box = glow.bounding_box()
    assert box["height"] >= 80 and box["width"] > 300
    guest.page.mouse.move(box["x"] + 60, box["y"] + 40)
    guest.page.mouse.down()
    guest.page.mouse.move(box["x"] + 900, box["y"] + 40, steps=6)
    guest.page.mouse.up()
    seat.becomes("deck/a/source/glow", "Math.abs(v - 0.8) < 0.001")  # as far as it goes, and no further
    guest.until("/back to rest in [12] s/.test(document.querySelector('.rest').textContent)")
    seat.becomes("deck/a/source/glow", "Math.abs(v - 0.5) < 0.001")
    guest.until("document.querySelector('.slider').getAttribute('aria-valuenow') === '50'")
    guest.page.locator(".push").click()  # a surprise throws all of the look
    seat.becomes("deck/a/source/glow", "Math.abs(v - 0.5) > 0.01")
    guest.page.locator(".look", has_text="Two").click()
    guest.until("document.querySelector('.look[aria-pressed=true]').textContent === 'Two'")
    guest.until("document.querySelector('.look[aria-pressed=true]')?.textContent === 'One'")  # by itself
    seat.becomes("deck/a/source/glow", "Math.abs(v - 0.5) < 0.001")  # and as it was


def test_a_phone_in_the_room_comes_in_by_the_code_on_the_wall_and_no_further(chromium, url):
    address = lan_address()
    need(address and not address.startswith("["), "a network address of this machine")
    place = f"http://{address}:{url.rsplit(':', 1)[1]}"
    phone = chromium.new_context(has_touch=True)
    try:
        page = phone.new_page()
        page.goto(f"{place}visit#token=on-the-wall")
        page.wait_for_selector(".slider")
        assert "token" not in page.url
        page.reload()  # the phone remembers
        page.wait_for_selector(".slider")
        opened = """(path) => new Promise((done) => {
            const wire = new WebSocket(`ws://${location.host}${path}`, ['perform', 'token.on-the-wall']);
            wire.onopen = () => done(true); wire.onerror = wire.onclose = () => done(false); })"""
        got = "(path) => fetch(path, {headers: {Authorization: 'Bearer on-the-wall'}}).then((a) => a.status)"
        assert page.evaluate(opened, "/visit/live") is True
        for path in ("/", "/panel/live", "/panel/preview"):
            assert page.evaluate(opened, path) is False and (path != "/" or page.evaluate(got, path) == 403)
        page.goto(place)  # the panel itself shows nothing
        until(page, "document.querySelector('.band')?.textContent.startsWith('Not let in')")
        stranger = chromium.new_context().new_page()
        stranger.goto(f"{place}visit#token=something-else")
        until(stranger, "document.body.textContent.includes('Scan the code')")
        stranger.context.close()
    finally:
        phone.close()


def test_whoever_is_at_the_visitors_socket_can_do_no_more(guest, seat):
    seat.becomes("out/blackout", "v === false")
    for word in (
        '{"set": "out/blackout", "to": true}',
        '{"set": 0, "to": 9}',
        '{"COMMAND": "LISTEN", "DATA": "/perform/out"}',
    ):
        guest.page.evaluate(f"performVisit.wire.send({word!r})")
    guest.page.wait_for_timeout(300)
    assert seat.truth("out/blackout") is False and abs(seat.truth("deck/a/source/glow") - 0.5) < 0.001
    guest.page.evaluate("performVisit.wire.send('quit')")  # nonsense: sent away, and it comes back by itself
    guest.until("document.body.classList.contains('off')")
    guest.until("!document.body.classList.contains('off')")
