"""``djguide check``: findings for people and programs, and their fixes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

from djguide_server.cli import engine, formats, streams
from djguide_server.cli.options import (
    PracticeNames,
    RuleNames,
    cluster_options,
    jobs_option,
    rule_folders,
)
from djguide_server.cli.sections import SectionedCommand

if TYPE_CHECKING:
    from djguide_server.cli.checking import Check
    from djguide_server.cli.filters import Filters
    from djguide_server.cli.result import CheckResult, GroupBy
    from djguide_server.cli.targets import Targets

FOUND = 1
FAILED = 2
RULES = "CODE[,CODE]..."
LEVELS = ("error", "warning", "info", "hint")
GROUPS = ("file", "practice", "rule")

F = TypeVar("F", bound=Callable[..., Any])


class Options(Struct, frozen=True):
    """The options of the command, as click gives them."""

    output_format: str
    output_file: Path | None
    group_by: GroupBy
    statistics: bool
    select: tuple[tuple[str, ...], ...]
    ignore: tuple[tuple[str, ...], ...]
    practice: tuple[tuple[str, ...], ...]
    severity: str
    changed: bool
    since: str | None
    no_baseline: bool
    keep_baseline: bool
    fix: bool
    review: bool
    diff: bool
    watch: bool
    stdin_filename: Path | None
    exit_zero: bool
    no_cache: bool
    jobs: int
    dask: str | None
    shared_cache: Path | None


_SECTIONS = {
    "What to check": ("select", "ignore", "rules", "stdin_filename", "watch"),
    "What to tell": ("practice", "severity", "changed", "since", "no_baseline", "keep_baseline", "exit_zero"),
    "Fixes": ("fix", "diff", "review"),
    "Output": ("output_format", "output_file", "group_by", "statistics"),
    "Large projects": ("jobs", "dask", "shared_cache", "no_cache"),
}
_EPILOG = """\
\b
Environment:
  NO_COLOR     Without colours.
  FORCE_COLOR  With colours also where no terminal shows them.
  CI           Set where nobody commits what is written: --keep-baseline.

The configuration is [tool.djguide] in pyproject.toml, or djguide.toml; `djguide config-schema` describes it.
"""

_EXISTING_OR_DASH = click.Path(exists=True, allow_dash=True, path_type=Path)
_STANDARD_INPUT = Path("-")
_DECLARED = [
    click.option(
        "--output-format",
        type=click.Choice(formats.names()),
        default="text",
        show_default=True,
        help="How to tell what was found.",
    ),
    click.option(
        "--output-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write that to a file, and a summary to standard output.",
    ),
    click.option(
        "--group-by",
        type=click.Choice(GROUPS),
        default="file",
        show_default=True,
        help="What findings are put together by, as text.",
    ),
    click.option("--statistics", is_flag=True, help="Print counts by rule instead of each finding."),
    click.option(
        "--select",
        type=RuleNames(),
        multiple=True,
        metavar=RULES,
        help="Run just these rules or practices, opt-in ones included.",
    ),
    click.option(
        "--ignore", type=RuleNames(), multiple=True, metavar=RULES, help="Leave out these rules or practices."
    ),
    click.option(
        "--practice",
        type=PracticeNames(),
        multiple=True,
        metavar="NAME[,NAME]...",
        help="Report findings of these practices only.",
    ),
    click.option(
        "--severity",
        type=click.Choice(LEVELS),
        default="hint",
        help="Report findings of this severity and those above it only.",
    ),
    click.option(
        "--changed", is_flag=True, help="Report findings in files that changed since the last commit."
    ),
    click.option(
        "--since",
        metavar="REV",
        help="With --changed: in files that changed since the present branch left REV.",
    ),
    click.option(
        "--no-baseline", is_flag=True, help="Report the findings that the baseline accepts as well."
    ),
    click.option(
        "--keep-baseline",
        is_flag=True,
        help="Leave in the baseline what no longer occurs, as is done in CI anyway.",
    ),
    click.option("--fix", is_flag=True, help="Apply safe fixes, then report what is left."),
    click.option("--review", is_flag=True, help="With --fix or --diff: fixes that need a review as well."),
    click.option(
        "--diff", is_flag=True, help="Print what --fix would change as a unified diff; write nothing."
    ),
    click.option("--watch", is_flag=True, help="Check again whenever a file changes."),
    click.option(
        "--stdin-filename",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Check standard input as the content of FILE; with --fix, print it fixed.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings."),
    click.option("--no-cache", is_flag=True, help="Neither read nor keep anything in the cache folder."),
    rule_folders,
    jobs_option,
    cluster_options,
]


def _with_options(function: F) -> F:
    for option in reversed(_DECLARED):
        function = option(function)
    return function


@click.command(
    "check",
    cls=SectionedCommand,
    sections=_SECTIONS,
    epilog=_EPILOG,
    short_help="Check projects; fix what is safe to fix.",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=_EXISTING_OR_DASH)
@_with_options
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], **values: Any) -> int:
    """Check the Django projects at PATH (files or folders; the current folder by default).

    The whole project around PATH is read, since findings have causes elsewhere; those that begin or end in
    PATH are told.

    \b
    djguide check                              what is wrong here
    djguide check --diff                       and what --fix would do about it
    djguide check --changed --since main       what this branch has a part in
    djguide check --output-format sarif --output-file djguide.sarif

    Exit status: 0 nothing found, 1 findings, 2 bad usage or an internal error.
    """
    options = Options(**values)
    paths = _without_dash(options, paths)
    _refuse(options, paths)
    from djguide_server.cli.checking import Check, Output
    from djguide_server.cli.ci import is_ci
    from djguide_server.cli.targets import Targets

    targets = Targets.of((options.stdin_filename,) if options.stdin_filename else paths)
    filters = _filters(options, targets)
    output = Output(options.output_format, options.output_file, options.statistics, options.group_by)
    with engine.open_workspace(
        targets.roots,
        select=_flat(options.select),
        ignore=_flat(options.ignore),
        cache=not options.no_cache,
        jobs=options.jobs,
        cluster=options.dask,
        shared_cache=options.shared_cache,
    ) as workspace:
        shrink = not (options.keep_baseline or options.stdin_filename or is_ci())
        check = Check(workspace, targets, filters, output, shrink=shrink)
        if options.stdin_filename is not None:
            result = _check_input(workspace, targets, check, options)
        elif options.watch:
            from djguide_server.cli.checking import watch

            watch(
                workspace,
                targets,
                lambda: Check(workspace, targets, _filters(options, targets), output).run(),
            )
            return 0
        elif options.diff:
            result = check.diff(review=options.review)
        elif options.fix:
            result = check.fix(review=options.review)
        else:
            result = check.run()
    return _status(ctx, result, options.exit_zero)


def _without_dash(options: Options, paths: Sequence[Path]) -> tuple[Path, ...]:
    """`paths` without ``-``, as which other tools want standard input to be named.

    Raises:
        click.UsageError: nothing says what standard input stands for.
    """
    if _STANDARD_INPUT in paths and options.stdin_filename is None:
        raise click.UsageError("- is standard input: say with --stdin-filename which file it stands for.")
    return tuple(path for path in paths if path != _STANDARD_INPUT)


def _refuse(options: Options, paths: Sequence[Path]) -> None:
    """Refuse options that contradict each other.

    Raises:
        click.UsageError: some do.
    """
    machine = options.output_format != "text" or options.output_file is not None
    stdin = options.stdin_filename is not None
    complaints = {
        "--fix and --diff exclude each other.": options.fix and options.diff,
        "--diff prints a diff: it cannot be combined with --output-format or --output-file.": (
            options.diff and machine
        ),
        "--review goes with --fix or --diff.": options.review and not (options.fix or options.diff),
        "--shared-cache goes with --dask.": options.shared_cache is not None and options.dask is None,
        "--since goes with --changed.": options.since is not None and not options.changed,
        "--watch cannot be combined with --fix, --diff, --stdin-filename or another format.": (
            options.watch and (options.fix or options.diff or machine or stdin)
        ),
        "--stdin-filename names the only file that is checked: leave PATH out.": stdin and bool(paths),
        "--fix prints the fixed text of standard input: it cannot be combined with an output format.": (
            stdin and options.fix and machine
        ),
    }
    for complaint, applies in complaints.items():
        if applies:
            raise click.UsageError(complaint)


def _filters(options: Options, targets: Targets) -> Filters:
    from djguide_analyzers.rules.finding import Severity
    from djguide_server.cli.filters import Filters

    changed = None
    if options.changed:
        from djguide_server.cli.git import Changes, GitError

        try:
            changed = Changes(targets.roots, options.since)
        except GitError as error:
            raise click.ClickException(f"--changed: {error}") from error
    return Filters(
        practices=frozenset(_flat(options.practice)),
        least=Severity(options.severity),
        changed=changed,
        baseline=not options.no_baseline,
        selected=bool(options.select or options.ignore),
    )


def _check_input(workspace: Any, targets: Targets, check: Check, options: Options) -> CheckResult:
    """Check standard input as the content of the one file in `targets`."""
    from djguide_analyzers.source.decoding import decode

    decoded = decode(sys.stdin.buffer.read())
    if decoded.problem:
        raise click.ClickException(f"standard input: {decoded.problem}")
    path = targets.paths[0].as_posix()
    workspace.set_text(path, decoded.text)
    if options.diff:
        return check.diff(review=options.review)
    if not options.fix:
        return check.run()
    text, result = check.fixed_text(path, review=options.review)
    streams.emit_bytes(decoded.encode(text))
    return result


def _status(ctx: click.Context, result: CheckResult, exit_zero: bool) -> int:
    from djguide_server.cli.app import Invocation
    from djguide_server.cli.result import has_internal

    if has_internal(result.problems):
        details = [problem.detail.rstrip() for problem in result.problems if problem.detail]
        if details and not ctx.ensure_object(Invocation).traceback:
            details = ["Run again with --traceback to see where internal errors happened."]
        streams.emit("".join(f"{streams.clean(detail)}\n" for detail in details), error=True)
        return FAILED
    return FOUND if result.report.findings and not exit_zero else 0


def _flat(groups: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group))
