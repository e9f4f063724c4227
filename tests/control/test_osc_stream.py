"""OSC by TCP: SLIP and lengths, with a plain socket, python-osc and liblo on the other side; greedy clients too."""

import random
import shutil
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest
from needs import need
from osc_ear import Ear
from pythonosc.tcp_client import SimpleTCPClient
from test_osc_gate import message

from perform.control.osc import TcpError
from perform.control.osc_gate import Limits, OscError, read_packet
from perform.control.osc_send import encode
from perform.control.osc_stream import END, MOST_CLIENTS, Frames, counted, slip
from perform.engine.mailbox import ControlQueue
from perform.options import Options
from perform.osc import open_osc

PSI = "/perform/deck/a/source/psi"


@pytest.fixture
def ear():
    with Ear(tcp_port=0) as open_ear:
        yield open_ear


def connected(ear):
    client = socket.create_connection(("127.0.0.1", ear.server.tcp_port), timeout=5.0)
    client.settimeout(5.0)
    return client


def is_closed(client):
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("framed", [slip, counted])
def test_packets_come_out_as_they_went_in_however_the_stream_is_cut(framed):
    chance = random.Random(7)
    packets = [
        bytes(chance.choice(b"\xc0\xdb\xdc\xdd\0/a") for _ in range(chance.randrange(1, 40))) for _ in range(200)
    ]
    stream = b"".join(map(framed, packets))
    for cut in (1, 3, 17, len(stream)):
        frames, found = Frames(64), []
        for at in range(0, len(stream), cut):
            found += frames.feed(stream[at : at + cut])
        assert found == packets
        assert frames.framed is framed


def test_frames_that_are_too_long_end_the_stream():
    for greedy in (END + b"x" * 200, counted(b"x" * 65), b"\0\xff\xff\xff"):
        with pytest.raises(OscError, match="more than 64"):
            Frames(64).feed(greedy)
    assert Frames(64).feed(b"/x\0\0" + END + b"/y") == [b"/x\0\0"], "a leading END may be left out"


@pytest.mark.parametrize("framed", [slip, counted])
def test_a_socket_moves_and_asks(ear, framed):
    with connected(ear) as client:
        client.sendall(framed(message(PSI, (0.25, "f"))) + framed(message("/perform/out/freeze", (1, "i"))))
        ear.wait(events=2)
        assert [(e.address, e.value) for e in ear.events] == [("deck/a/source/psi", 0.25), ("out/freeze", True)]
        client.sendall(framed(encode("/perform/deck/a/fx/bloom/tint", "?")))
        frames = Frames(4096)
        frames.framed, frames._begun = framed, True
        got = frames.feed(client.recv(4096))
        assert read_packet(got[0], Limits())[0][:2] == ("/perform/deck/a/fx/bloom/tint", (1.0,) * 4)
        client.sendall(framed(b"rubbish!"))
        ear.wait(refused=1)
        client.sendall(framed(message(PSI, (0.5, "f"))))
        ear.wait(events=3)


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_osc_sends_by_tcp(ear, mode):
    with SimpleTCPClient("127.0.0.1", ear.server.tcp_port, mode=mode) as client:
        client.send_message(PSI, 0.75)
        ear.wait(events=1)
    assert ear.events[0].value == 0.75


def test_oscsend_of_liblo_sends_by_tcp(ear):
    need(shutil.which("oscsend"), "oscsend, in the package liblo-tools")
    url = f"osc.tcp://127.0.0.1:{ear.server.tcp_port}/"
    subprocess.run(["oscsend", url, PSI, "f", "1.25"], check=True, timeout=10)
    ear.wait(events=1)
    assert ear.events[0].value == 1.25


def test_greedy_clients_are_let_go_and_others_play_on(ear):
    with connected(ear) as good, connected(ear) as greedy:
        greedy.sendall(END + b"x" * 20_000)
        assert is_closed(greedy)
        good.sendall(slip(message(PSI, (0.5, "f"))))
        ear.wait(events=1, refused=1)
        crowd = [connected(ear) for _ in range(MOST_CLIENTS + 3)]
        time.sleep(0.05)
        crowd[-1].sendall(slip(message(PSI, (0.75, "f"))))
        ear.wait(events=2)
        assert is_closed(good), "the one that was silent longest makes room"
        for client in crowd:
            client.close()


def test_a_client_that_never_reads_its_answers_is_let_go(ear):
    ear.table.set("deck/a/source/prompt_1", "x" * 2000)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", ear.server.tcp_port))
        deaf.settimeout(0.2)
        question = slip(encode("/perform/deck/a/source/prompt_1", "?")) * 100
        for _ in range(200):
            try:
                deaf.sendall(question)
            except OSError:
                break
        with connected(ear) as good:
            good.sendall(slip(message(PSI, (0.5, "f"))))
            ear.wait(events=1)


def test_only_the_allowed_come_in_and_a_taken_port_is_named():
    with Ear(tcp_port=0, source_allow=["10.0.0.0/8"]) as ear:
        assert is_closed(connected(ear))
        ear.wait(refused=1)
        second = Ear(tcp_port=ear.server.tcp_port)
        with pytest.raises(TcpError, match=r"taken.*--osc-tcp"):
            second.server.open(second.post)
        assert second.server._socket is None
        said, show = [], SimpleNamespace(engine=SimpleNamespace(table=second.table, queue=ControlQueue()))
        taken = Options(osc_port=0, osc_tcp=ear.server.tcp_port)
        (opened,) = open_osc(taken, show, time.monotonic, said.append)
        opened.close()
        assert opened.port and opened.tcp_port is None and "without OSC by TCP" in said[0] and len(said) == 1
