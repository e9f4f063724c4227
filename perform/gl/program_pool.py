"""Programs that are compiled and not in use: a shader that comes back, or was asked for ahead, costs no compiling."""

from __future__ import annotations

from collections import OrderedDict

import moderngl

from perform.gl.program import PassPrograms, Program, compile_document
from perform.isf import Document

MOST = 32


class ProgramPool:
    """One per context. A program is in a unit's hands or here, never in two places. Bounded: the oldest goes."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._free: OrderedDict[Document, Program | PassPrograms] = OrderedDict()

    def __contains__(self, document: object) -> bool:
        return document in self._free

    def take(self, document: Document) -> Program | PassPrograms:
        """The program of a document, out of the pool or compiled. Raises ShaderError."""
        kept = self._free.pop(document, None)
        return compile_document(self._ctx, document) if kept is None else kept

    def give(self, document: Document, program: Program | PassPrograms) -> None:
        """A unit needs it no more."""
        before = self._free.pop(document, None)
        if before is not None:
            before.release()
        self._free[document] = program
        while len(self._free) > MOST:
            self._free.popitem(last=False)[1].release()

    def release(self) -> None:
        """Free all that are here."""
        while self._free:
            self._free.popitem()[1].release()
