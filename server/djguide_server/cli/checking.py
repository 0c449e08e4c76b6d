"""What ``djguide check`` does, once its options are read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, structs

from djguide_server.cli import formats, streams
from djguide_server.cli.filters import Filters
from djguide_server.cli.progress import ProgressBar
from djguide_server.cli.result import CheckResult, GroupBy, Texts, has_internal
from djguide_server.cli.targets import Targets

if TYPE_CHECKING:
    from djguide_analyzers.engine.report import Report
    from djguide_analyzers.engine.workspace import Workspace
    from djguide_server.cli.fixing import Outcome


class Output(Struct, frozen=True):
    """How a result is told: the name of the format, where it goes (None: standard output), and for people how."""

    format: str = "text"
    file: Path | None = None
    statistics: bool = False
    group_by: GroupBy = "file"


class Check:
    """Checks of one workspace, with the options of one command line."""

    def __init__(
        self,
        workspace: Workspace,
        targets: Targets,
        filters: Filters,
        output: Output,
        *,
        shrink: bool = False,
    ) -> None:
        """With `shrink`, baselines lose what `run` and `fix` find gone."""
        self._workspace = workspace
        self._targets = targets
        self._filters = filters
        self._output = output
        self._shrink = shrink
        # Formats for machines never import rich, so they have no progress either, unless they go to a file.
        self._progress = output.format in ("text", "concise") or output.file is not None

    def report(self) -> Report:
        """What is found now, as far as the user asked for it."""
        with ProgressBar(enabled=self._progress) as bar:
            return self._filters.applied(self._workspace.check(self._targets.scope(), progress=bar))

    def run(self) -> CheckResult:
        """Check and tell."""
        return self._told(self._shrunk(self._result(self.report())))

    def fix(self, *, review: bool) -> CheckResult:
        """Apply fixes, then tell what is left."""
        from djguide_server.cli.fixing import Disk, apply_fixes

        contains = self._targets.contains
        target = Disk(self._workspace)
        outcome = apply_fixes(self._workspace, self.report, contains, target, review=review)
        return self._told(self._shrunk(self._result(outcome.report, outcome)))

    def diff(self, *, review: bool) -> CheckResult:
        """Print what fixes change; the result is that of the project as it stands."""
        from djguide_server.cli.fixing import Buffers, apply_fixes, unified_diff

        before = self.report()
        reports = iter([before])
        outcome = apply_fixes(
            self._workspace,
            lambda: next(reports, None) or self.report(),
            self._targets.contains,
            Buffers(self._workspace),
            review=review,
        )
        terminal = streams.terminal_of(sys.stdout)
        diff = unified_diff(outcome.changes, self._targets.display)
        streams.emit(_coloured(diff, terminal), colour=terminal.colour)
        texts = Texts(self._workspace.text)
        result = CheckResult(before, self._targets, texts, extra_problems=outcome.problems)
        errors = streams.terminal_of(sys.stderr)
        problems = formats.render_problems("text", result, errors)
        streams.emit(problems + _would_fix(outcome, review=review), error=True, colour=errors.colour)
        return result

    def fixed_text(self, path: str, *, review: bool) -> tuple[str, CheckResult]:
        """The text of the unsaved file at `path` with its fixes; what is left is told on standard error."""
        from djguide_server.cli.fixing import Buffers, apply_fixes

        outcome = apply_fixes(
            self._workspace, self.report, lambda other: other == path, Buffers(self._workspace), review=review
        )
        result = self._result(outcome.report, outcome)
        errors = streams.terminal_of(sys.stderr)
        told = formats.render_problems("text", result, errors) + formats.load("text").render(result, errors)
        streams.emit(told, error=True, colour=errors.colour)
        return self._workspace.text(path) or "", result

    def _result(self, report: Report, outcome: Outcome | None = None) -> CheckResult:
        result = CheckResult(report, self._targets, Texts(self._workspace.text))
        if outcome is not None:
            result.fixed, result.fixed_files = outcome.fixed, len(outcome.changes)
            result.extra_problems = outcome.problems
        result.statistics, result.group_by = self._output.statistics, self._output.group_by
        result.changed = self._filters.changed is not None
        return result

    def _shrunk(self, result: CheckResult) -> CheckResult:
        """`result`, with what is gone taken out of the baselines if the check was complete."""
        if self._shrink and any(use.gone for use in result.report.baselines):
            from djguide_server.cli.baselines import shrink

            if not has_internal(result.problems):
                uses = shrink(self._workspace, result.report.baselines)
                result.report = structs.replace(result.report, baselines=uses)
        return result

    def _told(self, result: CheckResult) -> CheckResult:
        """Print `result`, or write it to the file and print what it comes to."""
        errors = streams.terminal_of(sys.stderr)
        name, file = self._output.format, self._output.file
        streams.emit(formats.render_problems(name, result, errors), error=True, colour=errors.colour)
        terminal = streams.terminal_of(sys.stdout)
        if file is None:
            streams.emit(formats.load(name).render(result, terminal), colour=terminal.colour)
            return result
        from djguide_server.cli.formats.text import closing_lines

        try:
            file.write_text(formats.load(name).render(result, streams.Terminal()), "utf-8", newline="\n")
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from error
        lines = [*closing_lines(result, terminal), f"Written to {file}."]
        streams.emit("".join(f"{line}\n" for line in lines), colour=terminal.colour)
        return result


def _would_fix(outcome: Outcome, *, review: bool) -> str:
    from djguide_server.cli.formats.text import count

    if not outcome.changes:
        return f"Nothing to fix{'' if review else ' safely'}.\n"
    return f"Would apply {count(outcome.fixed, 'fix', 'fixes')} in {count(len(outcome.changes), 'file')}.\n"


def _coloured(diff: str, terminal: streams.Terminal) -> str:
    if not terminal.interactive:
        # For `git apply` and `patch`: every byte counts, and nobody looks.
        return diff
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = [streams.clean(line) for line in diff.split("\n")]
    return "\n".join(terminal.style(line, fg=colours.get(line[:1])) if line else line for line in lines)


def watch(workspace: Workspace, targets: Targets, check: Callable[[], object]) -> None:
    """Check, and again whenever a file changes, until the user has had enough."""
    from djguide_server.cli import watching

    terminal = streams.terminal_of(sys.stdout)
    try:
        state = watching.state_of(targets.roots)
        while True:
            if terminal.interactive:
                click.clear()
            check()
            streams.emit(
                terminal.style("Waiting for changes; Ctrl+C ends.\n", dim=True), colour=terminal.colour
            )
            state, changed = watching.wait_for_change(targets.roots, state)
            workspace.changed_on_disk(changed)
    except KeyboardInterrupt:
        streams.emit("\n")
