"""What OSC can say: amounts, parts, patterns, questions; and what nobody knows."""

import math
import socket

import pytest
from osc_ear import ROWS, Ear, Settled, hear
from pythonosc.udp_client import SimpleUDPClient
from test_osc_gate import bundle, message

from perform.control.osc import OscServer
from perform.control.osc_gate import Limits, read_packet
from perform.control.osc_send import encode
from perform.core.params import ParamTable


@pytest.fixture
def ear():
    with Ear() as open_ear:
        yield open_ear


@pytest.fixture
def settled():
    ear = Settled()
    ear.server._post = ear.post
    return ear


def test_relative_values_add_up_and_none_is_lost(settled):
    hear(settled, "deck/a/source/psi", 0.0)
    for _ in range(1000):
        hear(settled, "deck/a/source/psi", "+", 0.001)
    assert settled.value("deck/a/source/psi") == pytest.approx(1.0)
    for words, becomes in [
        (("-", 0.5), 0.5),
        (("* 3",), 1.5),
        (("a", 0.25), 0.25),
        (("+ 0.5",), 0.75),
        (("- 5",), -1.0),
    ]:
        hear(settled, "deck/a/source/psi", *words)
        assert settled.value("deck/a/source/psi") == pytest.approx(becomes)
    hear(settled, "deck/a/source/psi/norm", "+", 0.5)
    assert settled.value("deck/a/source/psi") == pytest.approx(0.5)
    for _ in range(4):
        hear(settled, "deck/a/source/walk", "+", 1)
    assert settled.value("deck/a/source/walk") == "orbit"
    assert settled.server.counts()["refused"] == 0


@pytest.mark.parametrize(
    ("path", "arguments"),
    [("deck/a/source/psi", ("+",)), ("deck/a/source/psi", ("+", math.inf)), ("deck/a/source/psi", ("+", "x")),
     ("deck/a/source/psi", ("+ nan",)), ("deck/a/source/psi", ("+0.1",)), ("deck/a/source/psi", ("+", 1.0, 2.0)),
     ("deck/a/source/prompt_1", ("+", 1.0)), ("deck/a/fx/bloom/tint", ("+", 1.0, 1.0)),
     ("deck/a/source/psi", ("* " + "9" * 99,)),
     ("deck/a/fx/mirror/centre", ("+", 1.0, 1.0, 1.0)), ("deck/a/fx/bloom/tint/r", ("red",)),
     ("deck/a/fx/bloom/tint/r", (math.nan,)), ("deck/a/fx/bloom/tint/r", (0.1, 0.2))],
)  # fmt: skip
def test_amounts_that_are_none_are_refused(settled, path, arguments):
    data = message(f"/perform/{path}", *[(a, "s" if isinstance(a, str) else "f") for a in arguments])
    before = settled.table.value(path.removesuffix("/r"))
    settled.server.take(data)
    assert settled.value(path.removesuffix("/r")) == before or "tint" in path
    assert settled.server.counts()["refused"] == (0 if path.endswith("tint") else 1)


def test_every_number_of_a_colour_or_point_has_an_address(settled):
    for path, value in [("tint/r", 0.25), ("tint/a", 0.5), ("tint/b/norm", 2.0)]:
        hear(settled, f"deck/a/fx/bloom/{path}", value)
    hear(settled, "deck/a/fx/mirror/centre/y", "+", 0.25)
    hear(settled, "deck/a/fx/bloom/tint/z", 1.0)
    assert settled.value("deck/a/fx/bloom/tint") == (0.25, 1.0, 1.0, 0.5)
    assert settled.value("deck/a/fx/mirror/centre") == (0.5, 0.75)
    hear(settled, "deck/a/fx/bloom/tint", "*", 0.5)
    assert settled.value("deck/a/fx/bloom/tint") == (0.125, 0.5, 0.5, 0.5), "alpha is left alone"
    assert settled.server.counts()["unknown"] == 1


def test_bools_and_choices_are_floats_too(settled):
    for path, value in [("out/blackout", 1.0), ("deck/a/source/walk", 2.0), ("deck/a/source/seed", 7.0)]:
        hear(settled, path, value)
    assert [settled.value(p) for p in ("out/blackout", "deck/a/source/walk", "deck/a/source/seed")] == [
        True,
        "orbit",
        7,
    ]


def test_a_pattern_moves_all_that_it_names(settled):
    hear(settled, "out/{blackout,freeze}", 1)
    hear(settled, "/source/*/norm", 0.25)
    hear(settled, "deck/a/fx/*/centre/[xy]", 0.75)
    assert settled.value("out/blackout") and settled.value("out/freeze")
    assert settled.value("deck/a/source/psi") == pytest.approx(-0.25)
    assert settled.value("deck/a/fx/mirror/centre") == (0.75, 0.75)
    hear(settled, "out/*/at/now", 0.0)
    assert not settled.value("out/blackout")
    assert settled.value("out/panic") == 0
    hear(settled, "deck/[a", 0.0)
    assert settled.server.counts()["refused"] == 1 and "not closed" in settled.server.last_error


def test_a_bundle_lands_in_one_tick():
    posts = []
    ear = Ear()
    ear.server._post = lambda *events: posts.append([event.address for event in events])
    ear.server.take(
        bundle(*[message(f"/perform/{p}", (1, "i")) for p in ("out/blackout", "out/freeze", "deck/a/source/seed")])
    )
    assert posts == [["out/blackout", "out/freeze", "deck/a/source/seed"]]


def test_a_question_is_answered_to_whoever_asks(ear):
    ear.table.set("deck/a/source/psi", 0.5)
    asker = SimpleUDPClient("127.0.0.1", ear.server.port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.settimeout(5.0)

        def ask(path):
            plain.sendto(encode(f"/perform/{path}", "?"), ("127.0.0.1", ear.server.port))
            got = read_packet(plain.recv(4096), Limits())[0]
            assert got.address == f"/perform/{path}"
            return got.arguments

        assert ask("deck/a/source/psi") == (0.5,)
        assert ask("deck/a/source/psi/norm") == (0.5,)
        assert ask("deck/a/fx/bloom/tint") == (1.0,) * 4
        assert ask("deck/a/fx/mirror/centre/x") == (0.5,)
        assert ask("deck/a/source/walk") == ("hold",)
        assert ask("out/blackout") == (False,)
        plain.sendto(encode("/perform/out/*", "?"), ("127.0.0.1", ear.server.port))
        names = {read_packet(plain.recv(4096), Limits())[0].address for _ in range(3)}
        assert names == {"/perform/out/blackout", "/perform/out/freeze", "/perform/out/panic"}
    asker.send_message("/perform/deck/a/source/psi", "?")
    assert next(iter(asker.get_messages(5.0))).params == [0.5]
    assert not ear.events


def test_nobody_can_be_flooded_by_questions():
    now = [0.0]
    question = encode("/perform/deck/a/source/prompt_1", "?")
    table = ParamTable(ROWS)
    table.set("deck/a/source/prompt_1", "x" * 1500)
    out = []

    def server(allow):
        return OscServer(0, lookup=lambda p: table[p] if p in table else None, clock=lambda: now[0], source_allow=allow,
                         rows=lambda: (table.revision, list(table)), value=table.base().get)  # fmt: skip

    anyone = server(None)
    anyone.take(question, "10.0.0.9", out.append)
    assert not out and "[osc] allow" in anyone.last_error
    named = server(["10.0.0.0/24"])
    named.take(encode("/perform/deck/a/source/psi", "?"), "10.0.0.9", out.append)
    assert len(out) == 1
    named.take(question, "10.0.0.9", out.append)
    assert len(out) == 1 and "too long" in named.last_error
    named.take(question, "10.0.0.9", out.append, connected=True)
    assert len(out) == 2
    named.take(question, "10.0.1.9", out.append)
    assert len(out) == 2 and named.counts()["refused"] == 2
    sent = 0
    del out[:]
    for _ in range(40):
        many = bundle(*[encode("/perform/**/*", "?")] * 200)
        sent += len(many)
        named.take(many, "10.0.0.9", out.append)
    assert sum(map(len, out)) <= 3 * sent and len(out) <= 1001
    here = server(None)
    del out[:]
    for _ in range(4000):
        here.take(question, "127.0.0.1", out.append)
    assert len(out) == 1000
    now[0] += 0.1
    here.take(question, "127.0.0.1", out.append)
    assert len(out) == 1001


def test_a_clock_that_begins_again_locks_nobody_out():
    now = [10_000.0]
    ear = Ear()
    ear.server = OscServer(0, lookup=ear.lookup, clock=lambda: now[0], rows=lambda: (1, list(ear.table)),
                           value=ear.table.base().get)  # fmt: skip
    ear.server._post = ear.post
    out = []
    for now[0] in (10_000.0, 0.0, 0.1):
        hear(ear, f"out/{{blackout,x{now[0]}}}", True)
        ear.server.take(encode("/perform/out/freeze", "?"), "127.0.0.1", out.append)
    assert len(ear.events) == len(out) == 3


def test_whoever_wants_it_gets_what_is_not_ours(ear):
    wanted = []
    ear.server.unknown = lambda *told: wanted.append(told) or told[0] == "/accxyz"
    ear.server.take(message("/accxyz", (0.5, "f"), (1.0, "f")))
    ear.server.take(message("/other", (1, "i")))
    assert wanted == [("/accxyz", (0.5, 1.0)), ("/other", (1,))]
    assert ear.server.counts()["unknown"] == 1

    def breaks(*_):
        raise RuntimeError("no")

    ear.server.unknown = breaks
    ear.server.take(message("/accxyz", (0.5, "f")))
    assert ear.server.counts()["errors"] == 1
