"""The panel's address as a QR code: for the terminal, and for the panel itself."""

from __future__ import annotations

import socket


def link(host: str, port: int, token: str, path: str = "") -> str:
    """The address to open; the token stands behind #, so that it is never sent in a request or written to a log."""
    return f"http://{host}:{port}/{path}#token={token}"


def rows(text: str) -> list[str]:
    """A QR code as lines of 0 and 1, 1 is dark; without a rim."""
    import segno

    return ["".join("1" if bit else "0" for bit in row) for row in segno.make(text, error="m").matrix]


def in_terminal(text: str) -> str:
    """A QR code in half blocks, light on dark as terminals are, with its rim."""
    bits = rows(text)
    width = len(bits) + 4
    grid = ["0" * width] * 2 + [f"00{row}00" for row in bits] + ["0" * width] * 2
    if len(grid) % 2:
        grid.append("0" * width)
    blocks = {"11": " ", "00": "█", "10": "▄", "01": "▀"}
    return "\n".join(
        "".join(blocks[a + b] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(grid[::2], grid[1::2], strict=True)
    )


def lan_address() -> str:
    """This machine's address in its network, "" where it has none. Nothing is sent to find out."""
    for family, aim in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((aim, 9))
                found = str(probe.getsockname()[0])
        except OSError:
            continue
        return f"[{found}]" if ":" in found else found
    return ""
