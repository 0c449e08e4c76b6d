"""Options that more than one command takes."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from djguide_server.cli import engine

F = TypeVar("F", bound=Callable[..., Any])

EXISTING_PATH = click.Path(exists=True, path_type=Path)


def rule_folders(function: F) -> F:
    """The option ``--rules``, read before any other: others name the rules that it brings."""

    def use(_ctx: click.Context, _parameter: click.Parameter, folders: tuple[Path, ...]) -> None:
        if folders:
            engine.use_rule_folders(folders)

    return click.option(
        "--rules",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=use,
        metavar="FOLDER",
        help="Load rules from FOLDER as well. They are run: name only what you trust.",
    )(function)


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    default=lambda: min(os.cpu_count() or 1, 8),
    help="Check large projects in N processes.  [default: one for each processor, at most 8]",
)


def cluster_options(function: F) -> F:
    """The options ``--dask`` and ``--shared-cache``."""
    shared = click.option(
        "--shared-cache",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="With --dask: keep facts in FOLDER, which all machines of the cluster see under this path.",
    )
    return click.option(
        "--dask",
        metavar="SCHEDULER",
        help="Check large projects on the Dask cluster of this scheduler, as in tcp://host:8786. Its workers need "
        "djguide, and see the files under the same paths.",
    )(shared(function))


class RuleNames(click.ParamType):
    """Codes, practices or ``all``, separated by commas, as the codes they stand for; unknown ones are bad usage."""

    name = "rules"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in str(value).split(",") if name.strip()]
        if not names:
            self.fail("expected a rule code or a practice.", param, ctx)
        codes: list[str] = []
        for name in names:
            found = codes_called(name)
            if not found:
                self.fail(_no_such_rule(name, practices=True), param, ctx)
            codes += found
        return tuple(codes)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return _completed(incomplete, {*_practices(), *_practices().values(), "all"})


class PracticeNames(click.ParamType):
    """Practices, separated by commas; unknown ones are bad usage."""

    name = "practices"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        known = sorted(set(_practices().values()))
        for name in names or ("",):
            if name not in known:
                self.fail(f"there is no practice called {name!r}. There are {', '.join(known)}.", param, ctx)
        return names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return _completed(incomplete, set(_practices().values()))


class RuleCode(click.ParamType):
    """The code of one rule."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if problem := unknown_rule(str(value)):
            self.fail(f"{problem[0].upper()}{problem[1:]}", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return _completed(incomplete, {entry.code for entry in engine.all_rules()})


def _completed(incomplete: str, names: set[str]) -> list[CompletionItem]:
    """What the last of several names, separated by commas, may become."""
    before, comma, last = incomplete.rpartition(",")
    return [CompletionItem(f"{before}{comma}{name}") for name in sorted(names) if name.startswith(last)]


def codes_called(name: str) -> list[str]:
    """The rule with the code `name`, or all rules of the practice `name`, opt-in ones included."""
    if engine.rule(name) is not None:
        return [name]
    return [code for code, practice in _practices().items() if name in (code, practice, "all")]


def _practices() -> dict[str, str]:
    """The practice of every code that a finding can have."""
    return {entry.code: entry.practice for entry in engine.all_rules()} | engine.own_codes()


def unknown_rule(code: str) -> str | None:
    """Why there is no rule called `code`, with what could be meant; None if there is one."""
    return None if engine.rule(code) is not None else _no_such_rule(code, practices=False)


def _no_such_rule(name: str, *, practices: bool) -> str:
    rules = _practices() if practices else {entry.code: "" for entry in engine.all_rules()}
    known = {*rules.keys(), *rules.values()}
    close = difflib.get_close_matches(name, sorted(known), n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else " `djguide rules` lists them."
    return f"there is no rule {'or practice ' if practices else ''}called {name!r}.{hint}"
