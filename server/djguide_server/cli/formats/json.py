"""``--output-format json``: the contract for programs, version 1.

Lines and columns count from one, columns in characters; paths are POSIX and relative where possible.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Finding, Fix, Place
from djguide_analyzers.source.positions import Position, Range
from djguide_server.cli.result import CheckResult, standing
from djguide_server.cli.streams import Terminal
from djguide_server.cli.targets import Targets

VERSION = 1


def render(result: CheckResult, terminal: Terminal) -> str:
    """The whole result as one JSON object."""
    return dumps(document(result))


def dumps(value: object) -> str:
    """`value` as JSON text for people and programs; what JSON does not know becomes text."""
    return json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False, indent=2) + "\n"


def document(result: CheckResult) -> dict[str, Any]:
    """The result in the shape of the contract."""
    targets = result.targets
    return {
        "version": VERSION,
        "projects": [msgspec.to_builtins(project) for project in result.report.projects],
        "findings": [finding_value(finding, targets) for finding in result.findings],
        "errors": [_error(problem, targets) for problem in result.problems],
        "stats": _stats(result),
    }


def finding_value(finding: Finding, targets: Targets) -> dict[str, Any]:
    """One finding in the shape of the contract."""
    place = standing(finding)
    ends = [end for end in (finding.place, finding.access) if end is not None and end != place]
    return {
        "code": finding.code,
        "practice": finding.practice,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **place_value(place, targets),
        "other_end": place_value(ends[0], targets) if ends else None,
        "fingerprint": finding.fingerprint,
        "related": [
            {"message": message, **place_value(related, targets)} for message, related in finding.related
        ],
        "fixes": [_fix(fix, targets) for fix in finding.fixes],
        "data": {key: _datum(value, targets) for key, value in finding.data.items()},
    }


def _fix(fix: Fix, targets: Targets) -> dict[str, Any]:
    edits = [
        {"path": targets.display(edit.path), "range": _range(edit.range), "text": edit.text}
        for edit in fix.edits
    ]
    return {"title": fix.title, "safety": fix.safety.value, "edits": edits}


def _datum(value: Any, targets: Targets) -> Any:
    """A value of `Finding.data`; places in it (``{"path", "line"}``) are named like all others."""
    if isinstance(value, dict) and isinstance(value.get("path"), str):
        return {**value, "path": targets.display(value["path"])}
    return value


def _error(problem: Problem, targets: Targets) -> dict[str, Any]:
    place = problem.place
    return {
        "kind": problem.kind,
        "message": problem.message,
        "path": targets.display(place.path) if place else None,
        "range": _range(place.range) if place else None,
    }


def _stats(result: CheckResult) -> dict[str, Any]:
    report = result.report
    baselines = [
        {
            "path": result.targets.display(use.path.as_posix()),
            "gone": msgspec.to_builtins(use.gone),
            "pruned": use.pruned,
        }
        for use in report.baselines
    ]
    return {
        **msgspec.to_builtins(report.stats),
        "findings": len(report.findings),
        "known": len(report.known),
        "baselines": baselines,
        "rules": result.counts_by_rule(),
        "severities": result.counts_by_severity(),
        "fixable": result.counts_by_safety(),
        "fixed": result.fixed,
    }


def place_value(place: Place, targets: Targets) -> dict[str, Any]:
    """A place in the shape of the contract."""
    return {"path": targets.display(place.path), "range": _range(place.range)}


def _range(range_: Range) -> dict[str, Any]:
    return {"start": _position(range_.start), "end": _position(range_.end)}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line + 1, "column": position.column + 1}
