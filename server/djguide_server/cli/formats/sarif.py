"""``--output-format sarif``: SARIF 2.1.0, which code scanning services and editors' viewers read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from djguide_analyzers import __version__
from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Severity
from djguide_analyzers.source.positions import Range
from djguide_server.cli import engine
from djguide_server.cli.ci import repository_path
from djguide_server.cli.formats.json import dumps
from djguide_server.cli.result import CheckResult, has_internal, standing
from djguide_server.cli.streams import Terminal
from djguide_server.cli.targets import Targets

if TYPE_CHECKING:
    from djguide_analyzers.rules.registry import Entry

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "djguide/v1"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note", Severity.HINT: "note"}
_BASE = "%SRCROOT%"
_DRIVE = re.compile(r"[A-Za-z]:/")


def render(result: CheckResult, terminal: Terminal) -> str:
    """The whole result as one SARIF log with one run."""
    return dumps(document(result))


def document(result: CheckResult) -> dict[str, Any]:
    """The log as a plain value. Rules are those that have findings, each with its page as help."""
    findings = result.findings
    codes = list(dict.fromkeys(finding.code for finding in findings))
    entries = {entry.code: entry for entry in engine.all_rules()}
    practices = {finding.code: finding.practice for finding in findings}
    driver = {
        "name": "djguide",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, practices[code], entries.get(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        "results": [_result(finding, codes.index(finding.code), result.targets) for finding in findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, practice: str, entry: Entry | None) -> dict[str, Any]:
    described: dict[str, Any] = {"id": code, "properties": {"tags": ["django", practice]}}
    if entry is None:  # about djguide's own comments and configuration
        return described
    page = engine.rule_page(code)
    return described | {
        "shortDescription": {"text": f"{entry.rule.summary}."},
        "fullDescription": {"text": _introduction(page) or f"{entry.rule.summary}."},
        "help": {"text": _help(page), "markdown": _help(page)},
        "defaultConfiguration": {"level": _LEVELS[entry.rule.severity], "enabled": entry.rule.default},
    }


def _help(page: str) -> str:
    """The page without the sections that are there for the rule's developers."""
    sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    return "".join(section for section in sections if not section.startswith(("## Proof", "## Near misses")))


def _introduction(page: str) -> str:
    """The paragraph below the page's title, in one line."""
    paragraphs = (paragraph.strip() for paragraph in page.split("\n\n"))
    return next((" ".join(text.split()) for text in paragraphs if text and not text.startswith("#")), "")


def _invocation(result: CheckResult) -> dict[str, Any]:
    return {
        "executionSuccessful": not has_internal(result.problems),
        "toolExecutionNotifications": [_notification(problem, result.targets) for problem in result.problems],
    }


def _notification(problem: Problem, targets: Targets) -> dict[str, Any]:
    notification: dict[str, Any] = {
        "level": "error" if problem.kind == "internal" else "warning",
        "message": {"text": f"{problem.kind}: {problem.message}"},
    }
    if problem.place is not None:
        notification["locations"] = [_location(problem.place, targets)]
    return notification


def _result(finding: Finding, rule: int, targets: Targets) -> dict[str, Any]:
    likely = finding.confidence is Confidence.LIKELY
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} (likely)" if likely else finding.message},
        "locations": [_location(standing(finding), targets)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
    }
    related = [
        {"id": number, **_location(place, targets), "message": {"text": message}}
        for number, (message, place) in enumerate(finding.related, 1)
    ]
    if related:
        result["relatedLocations"] = related
    fixes = [_fix(fix, targets) for fix in finding.fixes if fix.edits]
    if fixes:
        result["fixes"] = fixes
    return result


def _fix(fix: Fix, targets: Targets) -> dict[str, Any]:
    replacements: dict[str, list[dict[str, Any]]] = {}
    for edit in sorted(fix.edits, key=lambda edit: (edit.path, edit.range)):
        replacement = {"deletedRegion": _region(edit.range), "insertedContent": {"text": edit.text}}
        replacements.setdefault(edit.path, []).append(replacement)
    return {
        "description": {"text": f"{fix.title} ({fix.safety.value})"},
        "artifactChanges": [
            {"artifactLocation": _artifact(path, targets), "replacements": made}
            for path, made in replacements.items()
        ],
    }


def _location(place: Place, targets: Targets) -> dict[str, Any]:
    artifact = _artifact(place.path, targets)
    return {"physicalLocation": {"artifactLocation": artifact, "region": _region(place.range)}}


def _artifact(path: str, targets: Targets) -> dict[str, str]:
    """A file as a URI: relative to the root of the sources where that is possible."""
    shown = repository_path(path, targets)
    if shown.startswith("/") or _DRIVE.match(shown):
        return {"uri": Path(shown).as_uri()}
    return {"uri": quote(os.fsencode(shown)), "uriBaseId": _BASE}


def _region(range_: Range) -> dict[str, int]:
    start, end = range_
    return {
        "startLine": start.line + 1,
        "startColumn": start.column + 1,
        "endLine": end.line + 1,
        "endColumn": end.column + 1,
    }
