"""The gate before OSC: what is good comes through whole, what is hostile costs nothing."""

import random
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from perform.control.osc_gate import Limits, OscError, read_packet

LIMITS = Limits()
NOW_TAG = struct.pack(">Q", 1)


def message(address: str, *arguments: tuple[object, str]) -> bytes:
    builder = OscMessageBuilder(address)
    for value, tag in arguments:
        builder.add_arg(value, tag)
    return builder.build().dgram


def bundle(*elements: bytes, tag: bytes = NOW_TAG) -> bytes:
    return b"#bundle\0" + tag + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def padded(raw: bytes) -> bytes:
    return raw + b"\0" * (4 - len(raw) % 4)


def nested(depth: int) -> bytes:
    data = message("/perform/x", (1.0, "f"))
    for _ in range(depth):
        data = bundle(data)
    return data


HOSTILE = {
    "a bundle element of minus four bytes": b"#bundle\0" + NOW_TAG + struct.pack(">i", -4),
    "bundles nested over three thousand deep": b"#bundle\0" + NOW_TAG
    + b"".join(struct.pack(">i", 65472 - 20 * k) + b"#bundle\0" + NOW_TAG for k in range(3273)),
    "a text that is not UTF-8": padded(b"/perform/x") + b",s\0\0" + b"\xff\xfe\xc3\0",
}  # fmt: skip


def test_python_oscs_messages_are_read_as_they_were_meant():
    data = message(
        "/perform/x", (1.5, "f"), (-3, "i"), ("café", "s"), (True, "T"), (False, "F"), (None, "N"),
        (2**40, "h"), (0.1, "d"), (b"abc", "b"), (0xFF8000FF, "r"),
    )  # fmt: skip
    (found,) = read_packet(data, LIMITS)
    assert found.address == "/perform/x"
    assert found.due_s is None
    assert found.arguments[:-1] == (1.5, -3, "café", True, False, None, 2**40, 0.1, b"abc")
    assert found.arguments[-1] == pytest.approx((1.0, 128 / 255, 0.0, 1.0))


def test_a_message_without_type_tags_has_no_arguments():
    assert read_packet(padded(b"/perform/tap"), LIMITS)[0].arguments == ()


def test_arrays_are_flattened():
    data = padded(b"/p") + padded(b",[ff]") + struct.pack(">ff", 0.25, 0.75)
    assert read_packet(data, LIMITS)[0].arguments == (0.25, 0.75)


def test_bundles_keep_order_and_the_later_timetag():
    builder = OscBundleBuilder(1_000_000_000.5)
    for value in (1.0, 2.0, 3.0):
        inner = OscMessageBuilder("/perform/x")
        inner.add_arg(value)
        builder.add_content(inner.build())
    found = read_packet(builder.build().dgram, LIMITS)
    assert [m.arguments for m in found] == [(1.0,), (2.0,), (3.0,)]
    assert all(m.due_s == pytest.approx(1_000_000_000.5, abs=1e-6) for m in found)
    earlier = struct.pack(">Q", (999_999_999 + 2_208_988_800) << 32)
    later = struct.pack(">Q", (1_000_000_001 + 2_208_988_800) << 32)
    (found,) = read_packet(bundle(bundle(message("/x"), tag=earlier), tag=later), LIMITS)
    assert found.due_s == 1_000_000_001


def test_depth_and_count_have_a_limit_and_up_to_it_all_is_read():
    assert len(read_packet(nested(LIMITS.depth), LIMITS)) == 1
    with pytest.raises(OscError, match="deeper"):
        read_packet(nested(LIMITS.depth + 1), LIMITS)
    small = padded(b"/x")
    assert len(read_packet(bundle(*[small] * 511), LIMITS)) == 511
    with pytest.raises(OscError, match="elements"):
        read_packet(bundle(*[small] * 512), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"/", b"/abc", b"abc\0", b"/a\0\0\0", b"\0\0\0\0", b"/a\0x",
        padded(b"/x") + b"f\0\0\0" + b"\0\0\0\0",
        padded(b"/x") + b",f\0\0",
        padded(b"/x") + b",f\0\0" + b"\0" * 8,
        padded(b"/x") + b",Q\0\0",
        padded(b"/x") + b",[\0\0",
        padded(b"/x") + b",]\0\0",
        padded(b"/x") + padded(b",[[[[[]]]]]"),
        padded(b"/x") + b",b\0\0" + struct.pack(">i", -1),
        padded(b"/x") + b",b\0\0" + struct.pack(">i", 2**31 - 1) + b"abcd",
        padded(b"/x") + b",s\0\0" + b"abcd",
        padded(b"/x") + padded(b"," + b"T" * 300),
        padded(b"/" + b"a" * 300),
        padded(b"/x y\n"),
        padded("/é".encode()),
        b"#bundle\0" + b"\0" * 4,
        bundle(b"") + b"",
        bundle(message("/x")) + b"\0\0\0\0",
        b"#bundle\0" + NOW_TAG + struct.pack(">i", 6) + b"/a\0\0\0\0\0\0",
        b"\0" * 8196,
    ],
)  # fmt: skip
def test_what_is_not_osc_is_refused_with_a_reason(data):
    with pytest.raises(OscError) as caught:
        read_packet(data, LIMITS)
    assert str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_datagrams_are_refused_even_under_wide_limits(name):
    wide = Limits(datagram_bytes=65536)
    with pytest.raises(OscError):
        read_packet(HOSTILE[name], wide)


def test_nothing_but_a_refusal_escapes_whatever_comes():
    """Random bytes, and good datagrams with a few bytes changed, cut or doubled."""
    chance = random.Random(7)
    good = [
        message("/perform/deck/a/source/psi", (0.5, "f")),
        message("/perform/x", (1, "i"), ("words", "s"), (b"blob", "b"), (2.0, "d"), (True, "T")),
        bundle(message("/a", (1.0, "f")), bundle(message("/b", (2, "i")), message("/c", ("d", "s")))),
        nested(4), *HOSTILE.values(),
    ]  # fmt: skip
    wide = Limits(datagram_bytes=65536)
    read = refused = 0
    for turn in range(15_000):
        if turn % 5 == 0:
            data = bytearray(chance.randbytes(chance.randrange(64)))
        else:
            data = bytearray(good[turn % (len(good) - 2)])
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(data))
                choice = chance.randrange(4)
                if choice == 0:
                    data[at] = chance.randrange(256)
                elif choice == 1:
                    data[at] ^= 1 << chance.randrange(8)
                elif choice == 2 and len(data) > 8:
                    del data[at:]
                    break
                else:
                    data[at:at] = data[at : at + 4]
        try:
            read += len(read_packet(bytes(data), wide if turn % 2 else LIMITS)) > 0
        except OscError:
            refused += 1
    assert read > 500
    assert refused > 5000


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    for raw in (data, b"/x\0\0," + data, b"#bundle\0" + NOW_TAG + data):
        try:
            for found in read_packet(raw, LIMITS):
                assert found.address.startswith("/")
        except OscError:
            pass


def test_the_time_to_refuse_grows_no_faster_than_the_datagram():
    """Steps, not seconds: the deepest, the longest and the fullest datagrams stay under a bound no clock noise hits."""
    wide = Limits(datagram_bytes=65536)
    worst = [
        *HOSTILE.values(),
        bundle(*[padded(b"/x")] * 5000),
        padded(b"/x") + padded(b"," + b"T" * 60_000),
        padded(b"/" + b"*a" * 30_000),
        bundle(*[padded(b"/" + b"*a" * 100 + b"b")] * 300),
    ]
    start = time.process_time()
    for data in worst * 10:
        try:
            read_packet(data, wide)
        except OscError:
            pass
    assert time.process_time() - start < 20.0, "a datagram held the reader up"
