"""Who calls a function, and whether all of them have a transaction open when they do."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Set
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Literal, NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.rules.atomicity import ATOMIC, regions_of
from djguide_analyzers.rules.bodies import Body, is_super
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.entry_points import Entry, atomic_requests, entries
from djguide_analyzers.rules.mentions import Mention, given, last_name, mentions_in
from djguide_analyzers.rules.remembered import Remembered
from djguide_analyzers.rules.serializer_saves import serializer_saves

MAX_DEPTH = 5
"""Calls that are followed upwards."""
MAX_FUNCTIONS = 300
"""Functions that are looked at to answer one question."""
MAX_CALLERS = 60
"""Places that call something of the same name up to which each is looked at."""

Certainty = Literal["known", "possible"]
Answer = Literal["all", "some", "none", "unknown"]
_ANSWERS: dict[Entry, Answer] = {"protected": "all", "unprotected": "none", "unknown": "unknown"}


class _Told(NamedTuple):
    """The calls of one function among the `mentions` of its name in a file, which it is looked up by."""

    mentions: list[Mention]
    calls: list[tuple[Certainty, Mention]]


@dataclass(slots=True)
class Coverage:
    """Whether a function runs inside a transaction, judged by who calls it.

    `unprotected` are the known calls without one.
    """

    answer: Answer = "none"
    unprotected: list[Mention] = field(default_factory=list)


class Callers:
    """Answers about the calls between the functions of a project; see `callers_of`."""

    def __init__(self, file: FileContext) -> None:
        self._file = file
        self._project = file.project
        self._known: Remembered[Coverage] = Remembered()
        self._above: Remembered[Mention | str | None] = Remembered()
        self._found: Remembered[FunctionInfo | None] = Remembered()
        self._told: Remembered[_Told] = Remembered()
        self._running: set[Hashable] = set()
        self._climbing: set[Hashable] = set()
        self._cut = 0
        """Answers that were cut short, and so hold only for the question they were part of."""
        self._budget = 0

    def questions(self) -> set[str]:
        """See `Forgetful`."""
        return self._known.questions() | self._above.questions()

    def forget(self, keys: Set[str], answered: Set[str]) -> None:
        """See `Forgetful`."""
        for table in (self._known, self._above, self._found, self._told):
            table.forget(keys, answered)

    def calls(self, info: FunctionInfo) -> Iterator[tuple[Certainty, Mention]]:
        """The calls of a function, each known to enter it or just of something of the same name."""
        if info.parent is not None:
            return
        if info.owner is not None and self._is_of_serializer(info):
            for mention in serializer_saves(self._file, info, info.owner).calls:
                yield "known", mention
        name = info.owner.name if info.owner is not None and info.name == "__init__" else info.name
        everywhere = self._file.everywhere_about(name, mentions_in)
        for _, together in groupby(everywhere, lambda mention: mention.function.module):
            mentions = list(together)
            # A name such as `get` is called a thousand times: after an edit, only one file is gone through again.
            key = (info, *map(id, mentions))
            yield from self._told.get(key, lambda mentions=mentions: self._calls_among(info, mentions)).calls

    def _calls_among(self, info: FunctionInfo, mentions: list[Mention]) -> _Told:
        calls: list[tuple[Certainty, Mention]] = []
        for mention in mentions:
            if (certainty := self._certainty(info, mention)) is not None:
                calls.append((certainty, mention))
        return _Told(mentions, calls)

    def _is_of_serializer(self, info: FunctionInfo) -> bool:
        return (
            info.name in ("create", "update")
            and info.owner is not None
            and is_serializer(self._project, info.owner)
        )

    def _certainty(self, info: FunctionInfo, mention: Mention) -> Certainty | None:
        body = regions_of(self._project, mention.function).body
        target = mention.node.func if mention.is_call else next(
            (arg for arg in given(mention.node) if last_name(arg) == info.name), None
        )  # fmt: skip
        if target is None:
            return None
        found = self._found.get((mention.code, target.at), lambda: body.function(target))
        if found is info:
            return "known"
        if isinstance(found, FunctionInfo):
            return "known" if self._overrides(body, target, info, found) else None
        if not isinstance(target, ir.Attr) or info.owner is None:
            return None
        if body.names.symbol(body.code, target.value) is not None and body.made(target.value) is None:
            return None  # a module's function, or an attribute of a class
        return "possible"

    def _overrides(self, body: Body, target: ir.Expr, info: FunctionInfo, found: FunctionInfo) -> bool:
        """Whether a call that is looked up as `found` may enter `info`, an override of it."""
        if info.owner is None or found.owner is None or not isinstance(target, ir.Attr):
            return False
        mro = self._project.resolver.mro
        if is_super(target.value) or body.names.owner is None:
            return False
        made = body.made(target.value)
        return (made if isinstance(made, ClassInfo) else found.owner) in mro(info.owner)

    def coverage(self, info: FunctionInfo, depth: int = 0) -> Coverage:
        """Whether `info` runs inside a transaction that was opened by its callers or by its framework."""
        key = info.body_code
        if (known := self._known.find(key)) is not None:
            return known
        if not self._running:
            self._budget = MAX_FUNCTIONS
        if key in self._running or depth >= MAX_DEPTH or self._budget <= 0:
            self._cut += 1
            return Coverage("unknown")
        self._budget -= 1
        cut = self._cut
        self._running.add(key)

        def ended() -> Coverage:
            try:
                return self._coverage(info, depth)
            finally:
                self._running.discard(key)

        return self._known.attempt(key, ended, lambda: self._cut == cut or not self._running)

    def _coverage(self, info: FunctionInfo, depth: int) -> Coverage:
        result = Coverage()
        known: list[Answer] = []
        possible: list[Mention] = []
        entered = list(entries(self._file, info))
        for entry, _ in entered:
            known.append(self._if_saved if entry == "as saved" else _ANSWERS[entry])
        calls = self.calls(info)
        for certainty, mention in islice(calls, MAX_CALLERS):
            if certainty == "possible":
                possible.append(mention)
            elif (answer := self._of_caller(mention, depth)) is not None:
                known.append(answer)
                if answer in ("none", "some"):
                    result.unprotected.append(mention)
        if entered or self._is_of_serializer(info):
            possible = []  # what frameworks call has a name that many functions have
        more = next(calls, None) is not None
        result.answer = self._together(known, self._of_callers(possible, depth, more=more))
        return result

    def _of_callers(self, mentions: list[Mention], depth: int, *, more: bool) -> Iterator[Answer]:
        """What places mean that may name a function, which costs time; `more` are not looked at."""
        if more:
            yield "unknown"
        for mention in mentions:
            if (answer := self._of_caller(mention, depth)) is not None:
                yield answer

    def _of_caller(self, mention: Mention, depth: int) -> Answer | None:
        """What one place means for the function it names; None where it says nothing."""
        if mention.is_call:
            return self.at(mention.function, mention.node, depth + 1)
        return self._handed(mention)

    @property
    def _if_saved(self) -> Answer:
        """What handlers of save signals are in for: a transaction only where the code that saves has opened one."""
        return "unknown" if atomic_requests(self._project) else "none"

    def _handed(self, mention: Mention) -> Answer | None:
        """What a function that is handed over to a call is in for: nothing is known but of ``atomic(function)``."""
        dotted = regions_of(self._project, mention.function).body.dotted(mention.node.func)
        return "all" if dotted == ATOMIC else None

    def _together(self, known: list[Answer], possible: Iterator[Answer]) -> Answer:
        """The answer for a function, from those for its callers; of `possible`, only as many as decide."""
        told = [answer for answer in known if answer != "unknown"]
        if told:
            if all(answer == "all" for answer in known):
                return "all"
            if all(answer == "none" for answer in told):
                return "some" if any(answer in ("all", "some") for answer in possible) else "none"
            return "some" if any(answer in ("none", "some") for answer in told) else "unknown"
        if known:
            return "unknown"
        first = next(possible, None)
        if first is None:
            # It may be a view, or be called by one: nobody sees that transaction in the code.
            return "unknown" if atomic_requests(self._project) else "none"
        agreed = first in ("all", "none") and all(answer == first for answer in possible)
        return first if agreed else "unknown"

    def opened_above(self, info: FunctionInfo, depth: int = 0) -> Mention | str | None:
        """A call of `info` that certainly is made inside a transaction, or the framework that opens one.

        Only calls that are known to enter it count.
        """
        if info.parent is not None or depth >= MAX_DEPTH:
            return None
        key = info.body_code
        if key in self._climbing:
            return None  # a cycle opens nothing
        self._climbing.add(key)
        try:
            return self._above.get(key, lambda: self._opened_above(info, depth))
        finally:
            self._climbing.discard(key)

    def _opened_above(self, info: FunctionInfo, depth: int) -> Mention | str | None:
        for entry, label in entries(self._file, info):
            if entry == "protected":
                return label
        mentions = [m for certainty, m in self.calls(info) if certainty == "known" and m.is_call]
        for mention in mentions:
            if any(atomic.certain for atomic in regions_of(self._project, mention.function).at(mention.node)):
                return mention
        for mention in mentions:
            regions = regions_of(self._project, mention.function)
            if not regions.is_deferred(mention.node):
                found = self.opened_above(mention.function, depth + 1)
                if found is not None:
                    return found
        return None

    def at(self, info: FunctionInfo, node: ir.Node | int, depth: int = 0) -> Answer:
        """Whether `node` of `info` runs inside a transaction."""
        regions = regions_of(self._project, info)
        opened = regions.at(node)
        if any(atomic.certain for atomic in opened):
            return "all"
        if opened or regions.is_deferred(node):
            return "unknown"
        if info.parent is not None:
            return "unknown"
        return self.coverage(info, depth).answer


def callers_of(file: FileContext) -> Callers:
    """The calls between the functions of the project that `file` belongs to; test code is left out."""
    return file.project.shared(Callers, lambda: Callers(file))
