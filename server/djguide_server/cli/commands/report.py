"""``djguide report``: what an expert hands over after looking at a code base."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import EXISTING_PATH, jobs_option, rule_folders

if TYPE_CHECKING:
    from djguide_analyzers.engine.report import Problem, Report
    from djguide_analyzers.engine.workspace import Progress, Workspace
    from djguide_analyzers.rules.finding import Severity
    from djguide_server.cli.targets import Targets
    from djguide_server.handover.document import Document


@click.command("report", short_help="Describe a project, its costs and its findings, for people.")
@click.argument("path", required=False, type=EXISTING_PATH)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["markdown", "html"]),
    default="markdown",
    show_default=True,
    help="What to write; HTML is one file that can be read offline.",
)
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
@rule_folders
@jobs_option
def command(path: Path | None, format_: str, output_file: Path | None, jobs: int) -> int | None:
    """Write what an expert hands over after looking at the project at PATH (the current folder by default).

    The report has the project's components, its key features, its integration points (API endpoints, models with
    a diagram, templates with their variables), the queries that each view is predicted to run, and the findings
    with their cost, by the specialist whom they concern. Findings that the baseline accepts are part of it.

    \b
    djguide report > report.md
    djguide report --format html --output-file report.html
    """
    from djguide_server.cli.formats.text import problem_lines
    from djguide_server.cli.progress import ProgressBar
    from djguide_server.cli.result import has_internal
    from djguide_server.cli.targets import Targets

    targets = Targets.of((path,) if path else ())
    with engine.open_workspace(targets.roots, jobs=jobs) as workspace, ProgressBar() as bar:
        report = workspace.check(targets.scope(), progress=bar)
        document = _document(workspace, report, targets, bar)
    errors = streams.terminal_of(sys.stderr)
    streams.emit(problem_lines(report.problems, targets, errors), error=True, colour=errors.colour)
    text = _rendered(document, format_)
    if output_file is None:
        streams.emit(text)
    else:
        try:
            output_file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            message = f"{output_file} cannot be written: {error.strerror or error}"
            raise click.ClickException(message) from error
        streams.emit(f"Written to {output_file}.\n")
    return 2 if has_internal(report.problems) else None


def _document(workspace: Workspace, report: Report, targets: Targets, bar: Progress) -> Document:
    from djguide_analyzers import __version__
    from djguide_server.cli.targets import Targets
    from djguide_server.handover import document as contents

    # The report is about the project, wherever it is made: files are called as they are from its folder.
    names = contents.Names(Targets.of(targets.roots[:1], cwd=targets.roots[0]).display)
    summaries = {summary.root: summary for summary in workspace.projects()}
    projects = tuple(
        contents.project_document(summaries[survey.root], survey, _models(workspace, survey.root), names)
        for survey in workspace.surveys(progress=bar)
    )
    findings = [*report.findings, *report.known]
    found = contents.concerns(findings, names, _page, _summary)
    counts = [(severity, sum(f.severity == severity for f in findings)) for severity in _severities()]
    title = ", ".join(project.name for project in projects) or targets.paths[0].name
    return contents.Document(
        title=f"{title}: a Django code base",
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        version=__version__,
        projects=projects,
        severities=tuple((severity.value, count) for severity, count in counts if count),
        concerns=found,
        brief=contents.in_brief(projects, found),
        unread=tuple(_told(problem, targets) for problem in report.problems),
    )


def _models(workspace: Workspace, root: str) -> list[dict[str, Any]]:
    graph: dict[str, Any] = workspace.models(root)
    return graph["models"]


def _severities() -> list[Severity]:
    from djguide_analyzers.rules.finding import Severity

    return list(Severity)


def _page(code: str) -> str | None:
    return engine.rule_page(code) if engine.rule(code) is not None else None


def _summary(code: str) -> str:
    entry = engine.rule(code)
    return entry.rule.summary if entry is not None else "About the configuration and comments of djguide"


def _told(problem: Problem, targets: Targets) -> str:
    place = problem.place
    where = f"{targets.display(place.path)}:{place.range.start.line + 1}: " if place is not None else ""
    return f"{where}{problem.message}"


def _rendered(document: Document, format_: str) -> str:
    if format_ == "html":
        from djguide_server.handover import html

        return html.render(document)
    from djguide_server.handover import markdown

    return markdown.render(document)
