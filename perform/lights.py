"""Opens the listener for a lighting desk and joins it to the show."""

from __future__ import annotations

from collections.abc import Callable

from perform.control.controls import kind_of
from perform.control.hand_desk import HandDesk
from perform.control.lights import Lights
from perform.core.contracts import Control
from perform.core.errors import DeviceError
from perform.engine.engine import Engine
from perform.lights_room import LightsRoom


def open_lights(
    room: LightsRoom, desk: HandDesk, engine: Engine, clock: Callable[[], float], say: Callable[[str], None]
) -> list[Control]:
    """A desk that is heard, if that is wanted. What cannot be had is said, and the show plays without."""
    if not room.host:
        return []
    named = {int(control.split("/")[1]) for control in desk.bound if kind_of(control) in ("dmx", "dmx16")}
    try:
        lights = Lights(
            desk, clock, room.host, {room.universe, *named, *room.listen}, allow=room.allow or None, lost=room.lost,
            ports=(room.artnet_port, room.sacn_port),
        )  # fmt: skip
        lights.open(engine.queue.post)
    except DeviceError as error:
        say(f"{error}; playing without a lighting desk")
        return []
    for line in (*lights.problems, *filter(None, [lights.last_error])):
        say(line)
    heard = [f"{name} {port}" for name, port in zip(("Art-Net", "sACN"), lights.ports, strict=True) if port]
    universes = ", ".join(str(number) for number in lights.universes)
    say(f"lighting desk: {' and '.join(heard)} on {room.host}, universe {universes}")
    engine.senses.append(lights)
    return [lights]
