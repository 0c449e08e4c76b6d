"""``--output-format junit``: findings as failed tests, for services that know nothing else."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Finding
from djguide_server.cli.ci import in_words, repository_path
from djguide_server.cli.result import CheckResult, standing
from djguide_server.cli.streams import Terminal
from djguide_server.cli.targets import Targets

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: CheckResult, terminal: Terminal) -> str:
    """A test suite for each file with findings, and one for what could not be analysed.

    Without any there is one test that passed: services take an empty report for a job that did not run.
    """
    root = ElementTree.Element("testsuites", name="djguide")
    for path, findings in groupby(result.findings, key=lambda finding: standing(finding).path):
        name = repository_path(path, result.targets)
        _suite(root, name, [_failure(finding, name, result.targets) for finding in findings], "failures")
    if result.problems:
        _suite(root, "djguide", [_error(problem, result.targets) for problem in result.problems], "errors")
    if not len(root):
        _suite(root, "djguide", [ElementTree.Element("testcase", name="no findings", classname="djguide")])
    for kind in ("tests", "failures", "errors"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    root.set("time", f"{result.report.stats.seconds:.3f}")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(
    root: ElementTree.Element, name: str, cases: list[ElementTree.Element], failed: str | None = None
) -> None:
    counts = {"tests": len(cases), "failures": 0, "errors": 0} | ({failed: len(cases)} if failed else {})
    suite = ElementTree.SubElement(root, "testsuite", name=_text(name))
    suite.attrib.update({kind: str(number) for kind, number in counts.items()})
    suite.extend(cases)


def _failure(finding: Finding, name: str, targets: Targets) -> ElementTree.Element:
    start = standing(finding).range.start
    case = ElementTree.Element(
        "testcase",
        name=f"{finding.code}:{start.line + 1}:{start.column + 1}",
        classname=_text(name),
        file=_text(name),
        line=str(start.line + 1),
    )
    failure = ElementTree.SubElement(
        case, "failure", type=finding.severity.value, message=_text(finding.message)
    )
    failure.text = _text(f"{name}:{start.line + 1}:{start.column + 1}: {in_words(finding, targets)}")
    return case


def _error(problem: Problem, targets: Targets) -> ElementTree.Element:
    where = repository_path(problem.place.path, targets) if problem.place else "djguide"
    case = ElementTree.Element("testcase", name=problem.kind, classname=_text(where))
    error = ElementTree.SubElement(case, "error", type=problem.kind, message=_text(problem.message))
    error.text = _text(f"{where}: {problem.message}")
    return case


def _text(text: str) -> str:
    """`text` without the characters that no XML document can hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
