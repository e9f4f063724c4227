"""OSC over a real socket, with python-osc and liblo as peers; hostile and flooding ones too."""

import math
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from needs import need
from osc_ear import Ear
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient
from test_osc_gate import HOSTILE, bundle, message, nested, padded

from perform.control.osc import Limits, OscSender, OscServer
from perform.control.osc_send import encode
from perform.core.contracts import Control
from perform.core.errors import DeviceError, ParamError
from perform.core.params import ParamTable


@pytest.fixture
def ear():
    with Ear() as open_ear:
        yield open_ear


def values(ear):
    return [(e.address, e.value, e.normalised) for e in ear.events]


def test_it_is_a_control(ear):
    assert isinstance(ear.server, Control)
    assert set(ear.server.counts().values()) == {0}


def test_every_kind_arrives_in_native_units(ear):
    client = SimpleUDPClient("127.0.0.1", ear.server.port)
    client.send_message("/perform/deck/a/source/psi", 0.5)
    client.send_message("/perform/deck/a/source/psi", 1)
    client.send_message("/perform/deck/a/source/seed", 41.6)
    client.send_message("/perform/deck/a/source/walk", "orbit")
    client.send_message("/perform/deck/a/source/walk", 1)
    client.send_message("/perform/deck/a/fx/bloom/tint", [1.0, 0.5, 0.0])
    client.send_message("/perform/deck/a/fx/bloom/tint", [0.0, 0.5, 0.0, 0.25])
    client.send_message("/perform/deck/a/fx/mirror/centre", [0.25, 0.75])
    client.send_message("/perform/deck/a/source/prompt_1", "a violet sea")
    client.send_message("/perform/out/blackout", True)
    client.send_message("/perform/out/blackout", 0)
    client.send_message("/perform/out/panic", [])
    ear.wait(events=12)
    assert values(ear) == [
        ("deck/a/source/psi", 0.5, False),
        ("deck/a/source/psi", 1.0, False),
        ("deck/a/source/seed", 42, False),
        ("deck/a/source/walk", "orbit", False),
        ("deck/a/source/walk", "drift", False),
        ("deck/a/fx/bloom/tint", (1.0, 0.5, 0.0, 1.0), False),
        ("deck/a/fx/bloom/tint", (0.0, 0.5, 0.0, 0.25), False),
        ("deck/a/fx/mirror/centre", (0.25, 0.75), False),
        ("deck/a/source/prompt_1", "a violet sea", False),
        ("out/blackout", True, False),
        ("out/blackout", False, False),
        ("out/panic", True, False),
    ]
    assert {e.origin for e in ear.events} == {"osc"}
    assert all(isinstance(e.time_s, float) and e.time_s <= time.monotonic() for e in ear.events)
    assert ear.server.counts()["refused"] == 0


def test_an_osc_colour_is_a_colour(ear):
    ear.raw(message("/perform/deck/a/fx/bloom/tint", (0xFF000080, "r")))
    ear.wait(events=1)
    assert ear.events[0].value == pytest.approx((1.0, 0.0, 0.0, 128 / 255))


def test_norm_is_marked_and_lands_in_the_range(ear):
    client = SimpleUDPClient("127.0.0.1", ear.server.port)
    for path, unit in [("deck/a/source/psi", 0.5), ("deck/a/fx/strobe/rate_hz", 0.5), ("deck/a/source/walk", 0.99),
                       ("deck/a/source/psi", 7.0), ("out/blackout", 1.0)]:  # fmt: skip
        client.send_message(f"/perform/{path}/norm", unit)
    ear.wait(events=5)
    assert all(e.normalised and 0.0 <= e.value <= 1.0 for e in ear.events)
    became = [ear.table.set(e.address, e.value, normalised=True) for e in ear.events]
    assert became == [0.5, pytest.approx(1.0), "orbit", 2.0, True]


def test_native_values_are_clamped_to_the_range(ear):
    ear.raw(message("/perform/deck/a/source/psi", (99.0, "f")), message("/perform/deck/a/source/walk", (99, "i")))
    ear.wait(events=2)
    assert [e.value for e in ear.events] == [2.0, "orbit"]


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("deck/a/source/psi", [(math.nan, "f")]),
        ("deck/a/source/psi", [(math.inf, "f")]),
        ("deck/a/source/psi", [("much", "s")]),
        ("deck/a/source/psi", []),
        ("deck/a/source/psi", [(1.0, "f"), (2.0, "f")]),
        ("deck/a/source/psi", [(b"\0" * 4000, "b")]),
        ("deck/a/source/psi", [(None, "N")]),
        ("deck/a/source/psi/norm", [(math.nan, "f")]),
        ("deck/a/source/psi/norm", [("half", "s")]),
        ("deck/a/source/prompt_1/norm", [(0.5, "f")]),
        ("deck/a/source/prompt_1", [(0.5, "f")]),
        ("deck/a/source/prompt_1", [("x" * 2001, "s")]),
        ("deck/a/source/walk", [("swim", "s")]),
        ("deck/a/fx/bloom/tint", [(1.0, "f")]),
        ("deck/a/fx/bloom/tint", [(1.0, "f"), (math.nan, "f"), (1.0, "f")]),
        ("deck/a/fx/mirror/centre", [(1.0, "f")] * 3),
        ("out/panic", [(math.nan, "f")]),
    ],
)
def test_values_that_make_no_sense_are_refused_with_a_reason(ear, path, arguments):
    ear.server.take(message(f"/perform/{path}", *arguments))
    counts = ear.server.counts()
    assert (counts["refused"], counts["events"], counts["errors"]) == (1, 0, 0)
    assert path.removesuffix("/norm") in ear.server.last_error
    assert len(ear.server.last_error) <= 301


def test_a_trigger_takes_anything_true_and_no_release(ear):
    for arguments in ([], [(None, "N")], [(1.0, "f")], [(True, "T")], [("bang", "s")], [(3, "i")]):
        ear.server.take(message("/perform/out/panic", *arguments))
    ear.server.take(message("/perform/out/panic/norm", (1.0, "f")))
    for arguments in ([(0, "i")], [(0.0, "f")], [(False, "F")]):
        ear.server.take(message("/perform/out/panic", *arguments))
    assert len(ear.events) == 7
    assert ear.server.counts()["refused"] == 0
    for event in ear.events:
        ear.table.set(event.address, event.value, normalised=event.normalised)
    assert ear.table.value("out/panic") == 7


def test_addresses_that_nobody_has_are_counted_as_unknown(ear):
    for address in ("/perform/deck/z/psi", "/other/deck/a/source/psi", "/perform/", "/perform", "/perform/norm",
                    "/perform/deck/*/source/chi", "/perform//chi", "/" + "*a" * 13 + "b"):  # fmt: skip
        ear.server.take(message(address, (1.0, "f")))
    counts = ear.server.counts()
    assert (counts["unknown"], counts["events"], counts["refused"]) == (8, 0, 0)


def test_the_five_hostile_datagrams_do_nothing_but_count(ear):
    far = struct.pack(">Q", 2**63 + 2**62)
    ear.raw(
        *HOSTILE.values(),  # a negative size, three thousand bundles, bad UTF-8
        message("/*a*a*a*a*a*a*a*a*a*a*a*a*ab", (1.0, "f")),
        bundle(message("/perform/deck/a/source/psi", (0.25, "f")), tag=far),
    )
    counts = ear.wait(received=5, events=1)
    assert (counts["refused"], counts["unknown"], counts["events"], counts["errors"]) == (3, 1, 1, 0)
    assert ear.events[0].value == 0.25
    ear.raw(message("/perform/out/freeze", (True, "T")))
    ear.wait(events=2)


def test_oversized_and_empty_datagrams_are_refused(ear):
    good = padded(b"/perform/deck/a/source/prompt_1") + b",s\0\0"
    ear.raw(b"", good + padded(b"x" * 9000), b"\0" * 60_000)
    counts = ear.wait(received=3)
    assert (counts["refused"], counts["events"]) == (3, 0)
    with Ear(limits=Limits(datagram_bytes=65536)) as wide:
        wide.raw(bundle(*[message("/perform/out/freeze", (k % 2, "i")) for k in range(400)]))
        wide.wait(events=400)


def test_a_flood_arrives_whole_and_in_order(ear):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        for k in range(5000):
            sender.sendto(message("/perform/deck/a/source/seed", (k % 1001, "i")), ("127.0.0.1", ear.server.port))
    room = ear.server._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    lost = 0 if room >= 4 << 20 else ear.server.counts()["dropped"]  # where the system allows no wide buffer
    counts = ear.wait(received=5000 - lost, patience_s=30)
    assert counts["events"] == counts["received"]
    if not lost:
        assert [e.value for e in ear.events] == [k % 1001 for k in range(5000)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what a full buffer lost")
def test_what_a_full_buffer_loses_is_counted():
    ear, go = Ear(), threading.Event()
    ear.server.open(lambda event: go.wait(60) and ear.events.append(event))
    try:
        ear.raw(*[message("/perform/out/freeze", (1, "i"))] * 20_000)
        assert ear.server.counts()["dropped"] > 0
        go.set()
        ear.wait(received=20_000 - ear.server.counts()["dropped"], patience_s=60)
        counts = ear.server.counts()
        assert counts["received"] + counts["dropped"] == 20_000
    finally:
        go.set()
        ear.server.close()


def at(unix_s, *elements):
    return bundle(*elements, tag=struct.pack(">Q", int((unix_s + 2_208_988_800) * 2**32)))


def test_timetags_past_and_absurd_mean_now():
    ear = Ear(wall=lambda: 1_000_000_000.0)
    for unix_s in (0.0, 999_999_999.0, 1_000_000_006.0, 1_500_000_000.0):
        ear.server._post = ear.post
        ear.server.take(at(unix_s, message("/perform/deck/a/source/psi", (0.5, "f"))))
    assert len(ear.events) == 4
    counts = ear.server.counts()
    assert (counts["late"], counts["far"]) == (2, 2)
    never = Ear(wall=lambda: 1_000_000_000.0, limits=Limits(ahead_s=0.0))
    never.server._post = never.post
    never.server.take(at(1_000_000_000.1, message("/perform/deck/a/source/psi", (0.5, "f"))))
    assert len(never.events) == 1


def test_a_timetag_within_seconds_is_waited_for_without_holding_others_up():
    now = [100.0]
    ear = Ear(wall=lambda: 1_000_000_000.0)
    ear.server._clock = lambda: now[0]
    ear.server._post = ear.post
    ear.server.take(at(1_000_000_002.0, message("/perform/deck/a/source/psi", (2.0, "f"))))
    ear.server.take(at(1_000_000_001.0, message("/perform/deck/a/source/psi", (1.0, "f"))))
    ear.server.take(message("/perform/deck/a/source/psi", (0.0, "f")))
    seen = []
    for now[0] in (100.5, 101.0, 101.5, 102.5):
        ear.server._run_waiting()
        seen.append([e.value for e in ear.events])
    assert seen == [[0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0, 2.0]]


def test_a_scheduled_bundle_arrives_by_itself(ear):
    builder = OscBundleBuilder(time.time() + 0.2)
    inner = OscMessageBuilder("/perform/out/blackout")
    inner.add_arg(True)
    builder.add_content(inner.build())
    sent_s = time.monotonic()
    ear.raw(builder.build().dgram)
    ear.wait(events=1)
    assert ear.events[0].time_s - sent_s >= 0.19


def test_so_many_may_wait_and_the_rest_happens_now():
    ear = Ear(wall=lambda: 0.0)
    ear.server._post = ear.post
    blink = at(2.0, *[message("/perform/out/freeze", (1, "i"))] * 100)
    for _ in range(50):
        ear.server.take(blink)
    assert len(ear.events) == 5000 - 4000  # a bundle waits or happens as a whole


def test_a_taken_port_is_named():
    with Ear() as first:
        second = OscServer(first.server.port, lookup=first.lookup, clock=time.monotonic)
        with pytest.raises(DeviceError, match=rf"{first.server.port} is taken.*--osc-port"):
            second.open(print)
        second.close()
    third = OscServer(first.server.port, lookup=first.lookup, clock=time.monotonic)
    third.open(print)
    third.close()
    third.close()


@pytest.mark.parametrize(
    ("port", "host"), [(70000, "127.0.0.1"), (-1, "127.0.0.1"), (0, "192.0.2.1"), (0, "no.such.host.")]
)
def test_places_where_nobody_can_listen_are_named(port, host):
    with pytest.raises(DeviceError, match="OSC"):
        OscServer(port, host, lookup=lambda path: None, clock=time.monotonic).open(print)


def test_only_the_allowed_may_send():
    with Ear(source_allow=["10.0.0.0/8"]) as shut, Ear(source_allow=["10.0.0.0/8", "127.0.0.1"]) as lets_in:
        for ear in (shut, lets_in):
            ear.raw(message("/perform/out/freeze", (1, "i")))
            ear.wait(received=1)
        assert shut.server.counts()["refused"] == 1
        assert "127.0.0.1" in shut.server.last_error
        lets_in.wait(events=1)
    with pytest.raises(DeviceError, match="10"):
        OscServer(0, lookup=lambda path: None, clock=time.monotonic, source_allow=["house"])


def test_the_listener_outlives_a_fault_behind_it():
    ear = Ear()

    def post(event, *_):
        if not ear.events:
            ear.events.append(event)
            raise RuntimeError("full")
        ear.events.append(event)

    ear.server.open(post)
    try:
        ear.raw(message("/perform/out/freeze", (1, "i")), message("/perform/out/freeze", (0, "i")))
        counts = ear.wait(events=1)
        assert counts["errors"] == 1
        ear.table = ParamTable()
        ear.lookup = None
        ear.server._lookup = lambda path: (_ for _ in ()).throw(ParamError("gone"))
        ear.raw(message("/perform/out/freeze", (1, "i")))
        ear.wait(refused=1)
    finally:
        ear.server.close()


def test_oscsend_of_liblo_moves_parameters(ear):
    need(shutil.which("oscsend"), "oscsend, in the package liblo-tools")
    for words in (["deck/a/source/psi", "f", "0.75"], ["deck/a/source/seed", "i", "7"], ["out/blackout", "T"],
                  ["deck/a/source/walk", "s", "orbit"], ["deck/a/fx/mirror/centre", "ff", "0.25", "0.5"],
                  ["deck/a/source/psi/norm", "d", "0.5"], ["deck/a/source/seed", "h", "9"], ["out/panic"]):  # fmt: skip
        subprocess.run(["oscsend", "127.0.0.1", str(ear.server.port), "/perform/" + words[0], *words[1:]], check=True)
    ear.wait(events=8)
    assert [e.value for e in ear.events] == [0.75, 7, True, "orbit", (0.25, 0.5), 0.5, 9, True]


def test_what_is_sent_is_understood_again(ear):
    sender = OscSender([("127.0.0.1", ear.server.port), ("localhost", ear.server.port)])
    for path, value in [("deck/a/source/psi", np.float32(0.5)), ("deck/a/source/seed", np.int64(12)),
                        ("deck/a/source/walk", "drift"), ("out/blackout", np.bool_(True)),
                        ("deck/a/fx/bloom/tint", (0.0, 0.25, 0.5, 1.0))]:  # fmt: skip
        sender.send(f"/perform/{path}", value)
    for bad in (math.nan, math.inf, 1e300, 2**70, None, object(), "a\0b"):
        sender.send("/perform/deck/a/source/psi", bad)
    ear.wait(events=10)
    assert [e.value for e in ear.events][::2] == [0.5, 12, "drift", True, (0.0, 0.25, 0.5, 1.0)]
    assert dict(sender.counts()) == {"sent": 10, "refused": 7, "errors": 0}
    sender.close()
    sender.close()


def test_a_sender_counts_what_the_network_refuses_and_keeps_its_rate():
    with pytest.raises(DeviceError, match=r"no\.such\.host"):
        OscSender([("no.such.host.", 9001)])
    sender = OscSender([("127.0.0.1", 9)], rate_hz=10.0)
    sender._targets[0][0].close()
    sender.send("/perform/signal/audio/level", 0.5)
    assert sender.counts()["errors"] == 1
    sender.close()
    quiet = OscSender([], rate_hz=10.0)
    assert [quiet.send_all({"/x": 1.0}, k / 40) for k in range(9)] == [True, *[False] * 3] * 2 + [True]
    assert quiet.send_all({}, 100.0)
    assert not quiet.send_all({}, 100.05)


def test_encode_keeps_to_plain_types():
    assert encode("/x", 1.0) == b"/x\0\0,f\0\0\x3f\x80\0\0"
    assert encode("/x", True) == b"/x\0\0,T\0\0"
    assert encode("/x", 2**40)[4:8] == b",h\0\0"
    assert nested(1).startswith(b"#bundle\0")


@pytest.mark.parametrize(
    ("ending", "when", "normalised"),
    [("/at/bar", "bar", False), ("/at/4_bars", "4 bars", False), ("/norm/at/beat", "beat", True),
     ("/at/now", "now", False)],
)  # fmt: skip
def test_a_message_may_say_when(ending, when, normalised):
    with Ear() as ear:
        for path in (f"deck/a/source/psi{ending}", "out/freeze/at/someday", "out/freeze/at/"):
            ear.server.take(encode(f"/perform/{path}", (0.25,)))
        counts = ear.server.counts()
    assert [(e.address, e.value, e.when, e.normalised) for e in ear.events] == [
        ("deck/a/source/psi", 0.25, when, normalised)
    ]
    assert counts["refused"] == 2
