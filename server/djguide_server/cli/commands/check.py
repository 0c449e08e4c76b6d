"""``djguide check``: findings for people and programs, and their safe fixes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from djguide_server.cli import engine, formats, streams
from djguide_server.cli.options import EXISTING_PATH, RuleNames

if TYPE_CHECKING:
    from djguide_analyzers.engine.report import Report
    from djguide_analyzers.engine.workspace import Workspace
    from djguide_server.cli.fixing import Outcome
    from djguide_server.cli.result import CheckResult
    from djguide_server.cli.targets import Targets

FOUND = 1
FAILED = 2
RULES = "CODE[,CODE]..."


@click.command("check", short_help="Check projects; fix what is safe to fix.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=EXISTING_PATH)
@click.option(
    "--output-format",
    type=click.Choice(formats.names()),
    default="text",
    show_default=True,
    help="How to print.",
)
@click.option("--fix", is_flag=True, help="Apply safe fixes, then report what is left.")
@click.option("--diff", is_flag=True, help="Print what --fix would change as a unified diff; write nothing.")
@click.option(
    "--select",
    type=RuleNames(),
    multiple=True,
    metavar=RULES,
    help="Run just these rules or practices, opt-in ones included.",
)
@click.option(
    "--ignore", type=RuleNames(), multiple=True, metavar=RULES, help="Leave out these rules or practices."
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
@click.option("--no-cache", is_flag=True, help="Neither read nor keep anything in the cache folder.")
@click.option("--statistics", is_flag=True, help="Print counts by rule instead of each finding.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    output_format: str,
    fix: bool,
    diff: bool,
    select: tuple[tuple[str, ...], ...],
    ignore: tuple[tuple[str, ...], ...],
    exit_zero: bool,
    no_cache: bool,
    statistics: bool,
) -> int:
    """Check the Django projects at PATH (files or folders; the current folder by default).

    Exit status: 0 nothing found, 1 findings, 2 bad usage or an internal error.
    """
    if fix and diff:
        raise click.UsageError("--fix and --diff exclude each other.")
    if diff and output_format != "text":
        raise click.UsageError("--diff prints a diff: it cannot be combined with --output-format.")
    from djguide_server.cli.targets import Targets

    targets = Targets.of(paths)
    with engine.open_workspace(
        targets.roots, select=_flat(select), ignore=_flat(ignore), cache=not no_cache
    ) as workspace:
        if diff:
            result = _print_diff(workspace, targets)
        else:
            result = _report(workspace, targets, output_format, fix=fix, statistics=statistics)
    return _status(ctx, result, exit_zero)


def _report(
    workspace: Workspace, targets: Targets, output_format: str, *, fix: bool, statistics: bool
) -> CheckResult:
    from djguide_server.cli.result import CheckResult, Texts

    # Formats for machines never import rich, so they have no progress either.
    check = _checker(workspace, targets, progress=output_format == "text")
    texts = Texts(workspace.text)
    if fix:
        from djguide_server.cli.fixing import Disk, apply_safe_fixes

        outcome = apply_safe_fixes(workspace, check, targets.contains, Disk(workspace))
        result = CheckResult(
            outcome.report,
            targets,
            texts,
            fixed=outcome.fixed,
            fixed_files=len(outcome.changes),
            extra_problems=outcome.problems,
        )
    else:
        result = CheckResult(check(), targets, texts)
    result.statistics = statistics
    _print(result, output_format)
    return result


def _print(result: CheckResult, output_format: str) -> None:
    errors = streams.terminal_of(sys.stderr)
    streams.emit(formats.render_problems(output_format, result, errors), error=True, colour=errors.colour)
    terminal = streams.terminal_of(sys.stdout)
    streams.emit(formats.load(output_format).render(result, terminal), colour=terminal.colour)


def _print_diff(workspace: Workspace, targets: Targets) -> CheckResult:
    """Print what the safe fixes change; the result is that of the project as it stands."""
    from djguide_server.cli.fixing import Buffers, apply_safe_fixes, unified_diff
    from djguide_server.cli.result import CheckResult, Texts

    check = _checker(workspace, targets, progress=True)
    before = check()
    reports = iter([before])
    outcome = apply_safe_fixes(
        workspace, lambda: next(reports, None) or check(), targets.contains, Buffers(workspace)
    )
    terminal = streams.terminal_of(sys.stdout)
    diff = unified_diff(outcome.changes, targets.display)
    streams.emit(_coloured(diff, terminal), colour=terminal.colour)
    result = CheckResult(before, targets, Texts(workspace.text), extra_problems=outcome.problems)
    errors = streams.terminal_of(sys.stderr)
    problems = formats.render_problems("text", result, errors)
    streams.emit(problems + _would_fix(outcome), error=True, colour=errors.colour)
    return result


def _would_fix(outcome: Outcome) -> str:
    from djguide_server.cli.formats.text import count

    if not outcome.changes:
        return "Nothing to fix safely.\n"
    return f"Would apply {count(outcome.fixed, 'fix', 'fixes')} in {count(len(outcome.changes), 'file')}.\n"


def _coloured(diff: str, terminal: streams.Terminal) -> str:
    if not terminal.interactive:
        # For `git apply` and `patch`: every byte counts, and nobody looks.
        return diff
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = [streams.clean(line) for line in diff.split("\n")]
    return "\n".join(terminal.style(line, fg=colours.get(line[:1])) if line else line for line in lines)


def _checker(workspace: Workspace, targets: Targets, *, progress: bool) -> Callable[[], Report]:
    from djguide_server.cli.progress import ProgressBar

    def check() -> Report:
        with ProgressBar(enabled=progress) as bar:
            return workspace.check(targets.scope(), progress=bar)

    return check


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
