"""A hand on a show: what it says, and the tick in which that happens."""

from perform.core.types import ControlEvent

DT_S = 0.1


def tick(show, dt_s=DT_S):
    show.engine.tick(show.engine.moment.seconds + dt_s)
    show.after_tick()


def say(show, path, value=True):
    show.engine.queue.post(ControlEvent(path, value, 0.0, "web"))
    tick(show)
