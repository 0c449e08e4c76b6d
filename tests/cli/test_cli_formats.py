"""The formats for services: what each of them asks for, and that nothing in a finding can break out of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cli_fakes import FakeEngine, Run

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import Position, Range

MACHINES = ("json", "sarif", "gitlab", "junit", "github")


@pytest.fixture
def views(project: Path, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one finding of each kind, one of them with its other end in the next line."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    path = project / "the shop" / "views.py"
    path.parent.mkdir()
    path.write_text("x = 'é𝒳 bad'\nugly = 2\nslow = 3\nused = 4\n", encoding="utf-8")
    return path


def broken(fake: FakeEngine, path: Path) -> None:
    """Let the analysis report a problem, with characters that formats must escape."""
    start = Position(0, 4)
    place = Place(path.as_posix(), Range(start, start))
    problems = [
        Problem("internal", "rule x failed:\n100% <&> \x00::error::", place),
        Problem("cache", "cannot be written"),
    ]
    fake.prepare = lambda workspace: workspace.extra_problems.extend(problems)


@pytest.mark.parametrize("name", MACHINES)
def test_nothing_found(project: Path, fake: FakeEngine, run: Run, name: str) -> None:
    answer = run("check", "--output-format", name)
    assert answer.status == 0 and answer.err == ""
    assert answer.out.endswith("\n")


@pytest.mark.parametrize("name", MACHINES)
def test_a_file_takes_the_report_and_the_terminal_the_summary(
    views: Path, tmp_path: Path, run: Run, name: str
) -> None:
    expected = run("check", "--output-format", name).out
    report = tmp_path / "report"
    answer = run("check", "--output-format", name, "--output-file", report)
    assert answer.status == 1
    assert report.read_text(encoding="utf-8") == expected
    assert answer.out.splitlines()[0].startswith("3 findings (1 error, 1 warning, 1 info)")
    assert answer.out.splitlines()[-1] == f"Written to {report}."
    unwritable = run("check", "--output-format", name, "--output-file", tmp_path / "none" / "report")
    assert unwritable.status == 2 and "cannot be written" in unwritable.err


# --- SARIF -----------------------------------------------------------------------------------------------

MESSAGE = {"text!": str}
REGION = {"startLine!": int, "startColumn!": int, "endLine!": int, "endColumn!": int}
ARTIFACT = {"uri!": str, "uriBaseId": str}
LOCATION = {
    "id": int,
    "physicalLocation!": {"artifactLocation!": ARTIFACT, "region!": REGION},
    "message": MESSAGE,
}
FIX = {
    "description!": MESSAGE,
    "artifactChanges!": [
        {
            "artifactLocation!": ARTIFACT,
            "replacements!": [{"deletedRegion!": REGION, "insertedContent": MESSAGE}],
        }
    ],
}
LEVEL = ("none", "note", "warning", "error")
RULE = {
    "id!": str,
    "shortDescription": MESSAGE,
    "fullDescription": MESSAGE,
    "help": {"text!": str, "markdown": str},
    "defaultConfiguration": {"level": LEVEL, "enabled": bool},
    "properties": {"tags": [str]},
}
RESULT = {
    "ruleId": str,
    "ruleIndex": int,
    "level": LEVEL,
    "message!": MESSAGE,
    "locations": [LOCATION],
    "relatedLocations": [LOCATION],
    "partialFingerprints": {"djguide/v1": str},
    "fixes": [FIX],
}
NOTIFICATION = {"level": LEVEL, "message!": MESSAGE, "locations": [LOCATION]}
LOG = {
    "$schema": str,
    "version!": ("2.1.0",),
    "runs!": [
        {
            "tool!": {"driver!": {"name!": str, "version": str, "semanticVersion": str, "rules": [RULE]}},
            "columnKind": ("utf16CodeUnits", "unicodeCodePoints"),
            "invocations": [{"executionSuccessful!": bool, "toolExecutionNotifications": [NOTIFICATION]}],
            "results": [RESULT],
        }
    ],
}
"""The part of the published schema that djguide's logs use; ``!`` marks what that requires."""


def assert_shape(value: Any, shape: Any, where: str = "log") -> None:
    """`value` has the required properties of `shape` and no others than it names, all the way down."""
    if isinstance(shape, dict):
        names = {name.rstrip("!"): inner for name, inner in shape.items()}
        assert isinstance(value, dict), where
        assert value.keys() <= names.keys(), (where, value.keys() - names.keys())
        assert {name[:-1] for name in shape if name.endswith("!")} <= value.keys(), where
        for name, inner in value.items():
            assert_shape(inner, names[name], f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for number, inner in enumerate(value):
            assert_shape(inner, shape[0], f"{where}[{number}]")
    elif isinstance(shape, tuple):
        assert value in shape, where
    else:
        assert type(value) is shape, where


def sarif(run: Run) -> dict[str, Any]:
    log = json.loads(run("check", "--output-format", "sarif").out)
    assert_shape(log, LOG)
    (only,) = log["runs"]
    return only


def test_sarif(views: Path, run: Run) -> None:
    log = sarif(run)
    bad, ugly, slow = log["results"]
    rules = log["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in log["results"]] == [
        "bad-word", "ugly-word", "slow-word",
    ]  # fmt: skip
    assert rules[0]["help"]["markdown"].startswith("# bad-word")
    assert rules[0]["fullDescription"]["text"] == "Bad words: *avoid* them."
    assert rules[2]["defaultConfiguration"] == {"level": "note", "enabled": False}
    where = bad["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "the%20shop/views.py", "uriBaseId": "%SRCROOT%"}
    assert where["region"] == {"startLine": 1, "startColumn": 9, "endLine": 1, "endColumn": 12}
    assert log["columnKind"] == "unicodeCodePoints"
    assert bad["partialFingerprints"] == {"djguide/v1": "fp-views.py-bad-word-1"}
    (replacement,) = bad["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement == {"deletedRegion": where["region"], "insertedContent": {"text": "good"}}
    assert ugly["message"]["text"].endswith("(likely)")
    assert ugly["level"] == "error"
    # Advice is no fix; the finding stands where the rows are read.
    assert "fixes" not in slow
    assert slow["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    assert [location["id"] for location in slow["relatedLocations"]] == [1, 2]
    assert log["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_sarif_help_leaves_out_what_is_for_developers(
    views: Path, run: Run, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "# bad-word\n\nBad.\n\n## Why\n\nIt is.\n\n## Proof\n\nx\n\n## Near misses\n\ny\n\n## Reference\n\nz\n"
    monkeypatch.setattr("djguide_server.cli.engine.rule_page", lambda code: page)
    text = sarif(run)["tool"]["driver"]["rules"][0]["help"]["text"]
    assert re.findall("^## .*", text, re.MULTILINE) == ["## Why", "## Reference"]


def test_sarif_problems(views: Path, run: Run, fake: FakeEngine) -> None:
    broken(fake, views)
    (invocation,) = sarif(run)["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert (
        first["level"] == "error" and first["locations"][0]["physicalLocation"]["region"]["startColumn"] == 5
    )
    assert second["message"]["text"] == "cache: cannot be written" and "locations" not in second


def test_sarif_of_an_own_code_has_a_rule(
    views: Path, run: Run, monkeypatch: pytest.MonkeyPatch, fake: FakeEngine
) -> None:
    monkeypatch.setattr("djguide_server.cli.engine.all_rules", list)
    assert [rule["id"] for rule in sarif(run)["tool"]["driver"]["rules"]] == [
        "bad-word", "ugly-word", "slow-word",
    ]  # fmt: skip


# --- one line a finding ----------------------------------------------------------------------------------


def test_concise(views: Path, run: Run, fake: FakeEngine) -> None:
    broken(fake, views)
    answer = run("check", "--output-format", "concise")
    assert answer.out.splitlines()[:3] == [
        "the shop/views.py:1:9: warning: The word `bad` is bad [bad-word]",
        "the shop/views.py:2:1: error (likely): The word `ugly` is ugly [ugly-word]",
        "the shop/views.py:4:1: info: The word `slow` is slow [slow-word]",
    ]
    assert "cache error: cannot be written" in answer.err


# --- GitHub ----------------------------------------------------------------------------------------------


def test_github(views: Path, run: Run) -> None:
    lines = run("check", "--output-format", "github").out.splitlines()
    assert lines[0] == (
        "::warning file=the shop/views.py,line=1,endLine=1,col=9,endColumn=12,title=djguide%3A bad-word::"
        "The word `bad` is bad%0Athe shop/views.py:1: `bad` is declared here%0Afix (safe): Write `good`"
    )
    assert [line.partition(" ")[0] for line in lines[1:3]] == ["::error", "::notice"]
    assert lines[3].startswith("3 findings")


def test_github_escapes_what_would_be_a_command(views: Path, run: Run, fake: FakeEngine) -> None:
    broken(fake, views)
    lines = run("check", "--output-format", "github").out.splitlines()
    assert lines[0].startswith("::error file=the shop/views.py,line=1,")
    assert lines[0].endswith("::rule x failed:%0A100%25 <&> \x00::error::")
    assert lines[1] == "::warning title=djguide%3A cache::cannot be written"
    assert sum(line.startswith("::") for line in lines) == 5


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_paths_are_those_of_the_checkout(
    views: Path, project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, project.parent.as_posix())
    assert "file=project/the shop/views.py," in run("check", "--output-format", "github").out
    monkeypatch.setenv(variable, (project.parent / "elsewhere").as_posix())
    assert "file=the shop/views.py," in run("check", "--output-format", "github").out


# --- GitLab ----------------------------------------------------------------------------------------------


def test_gitlab(views: Path, run: Run) -> None:
    issues = json.loads(run("check", "--output-format", "gitlab").out)
    assert [issue["severity"] for issue in issues] == ["major", "critical", "minor"]
    assert issues[0]["fingerprint"] == "fp-views.py-bad-word-1"
    assert issues[0]["check_name"] == "bad-word"
    assert issues[0]["description"] == "The word `bad` is bad"
    assert issues[0]["location"] == {"path": "the shop/views.py", "lines": {"begin": 1, "end": 1}}
    assert len({issue["fingerprint"] for issue in issues}) == 3


def test_gitlab_tells_problems_on_standard_error(views: Path, run: Run, fake: FakeEngine) -> None:
    broken(fake, views)
    answer = run("check", "--output-format", "gitlab")
    assert len(json.loads(answer.out)) == 3
    assert "cache error: cannot be written" in answer.err


# --- JUnit -----------------------------------------------------------------------------------------------


def junit(run: Run) -> ElementTree.Element:
    return ElementTree.fromstring(run("check", "--output-format", "junit").out.encode())


def test_junit(views: Path, run: Run) -> None:
    root = junit(run)
    assert root.attrib == {"name": "djguide", "tests": "3", "failures": "3", "errors": "0", "time": "0.250"}
    (suite,) = root
    assert suite.attrib == {"name": "the shop/views.py", "tests": "3", "failures": "3", "errors": "0"}
    assert [case.get("name") for case in suite] == ["bad-word:1:9", "ugly-word:2:1", "slow-word:4:1"]
    failure = suite[0][0]
    assert failure.tag == "failure" and failure.get("type") == "warning"
    assert (failure.text or "").splitlines()[0] == "the shop/views.py:1:9: The word `bad` is bad"


def test_junit_without_findings_has_a_test_that_passed(project: Path, fake: FakeEngine, run: Run) -> None:
    root = junit(run)
    assert (root.get("tests"), root.get("failures")) == ("1", "0")
    assert [case.get("name") for suite in root for case in suite] == ["no findings"]


def test_junit_problems_are_errors_and_any_text_is_xml(views: Path, run: Run, fake: FakeEngine) -> None:
    broken(fake, views)
    root = junit(run)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "3", "2")
    error = root[1][0][0]
    assert error.get("message") == "rule x failed:\n100% <&> \N{REPLACEMENT CHARACTER}::error::"
