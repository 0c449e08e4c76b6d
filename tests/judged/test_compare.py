"""The lists of judged findings are well formed, and comparing a run with them tells what changed."""

import json
from pathlib import Path

import pytest
from compare import JUDGED, compare

from djguide_analyzers.rules import registry


def finding(path: str, line: int, code: str) -> dict:
    return {"path": path, "code": code, "range": {"start": {"line": line, "column": 1}}}


def entry(line: int, verdict: str) -> dict:
    return {"path": "a.py", "line": line, "code": "c", "verdict": verdict, "reason": f"line {line}"}


def judged(*entries: dict) -> dict:
    return {"project": "shop", "version": "1.0", "findings": list(entries)}


def test_what_was_wrong_and_comes_back_fails() -> None:
    verdicts = judged(entry(1, "wrong"), entry(2, "right"))
    assert not compare(verdicts, [finding("a.py", 2, "c")]).failed
    again = compare(verdicts, [finding("a.py", 1, "c"), finding("a.py", 2, "c")])
    assert again.failed
    assert again.lines()[0] == "WRONG AGAIN  a.py:1 c: line 1"


def test_what_was_right_and_is_gone_is_listed() -> None:
    result = compare(judged(entry(2, "right"), entry(3, "debatable")), [finding("a.py", 9, "c")])
    assert not result.failed
    assert result.lines()[0] == "right, gone  a.py:2 c: line 2"
    assert result.gone["debatable"] == [("a.py", 3, "c")]
    assert result.unread == [("a.py", 9, "c")]


@pytest.mark.parametrize(
    "bad",
    [
        [entry(1, "fine")],
        [entry(1, "right"), entry(1, "wrong")],
        [{**entry(1, "right"), "reason": ""}],
        [{**entry(1, "right"), "line": "1"}],
        [{"path": "a.py"}],
    ],
)
def test_a_bad_list_is_refused(bad: list[dict]) -> None:
    with pytest.raises(ValueError):
        compare(judged(*bad), [])


@pytest.mark.parametrize("path", sorted(JUDGED.glob("*.json")), ids=lambda path: path.stem)
def test_the_lists_are_well_formed_and_about_rules_that_exist(path: Path) -> None:
    verdicts = json.loads(path.read_text(encoding="utf-8"))
    assert verdicts["project"] == path.stem
    assert verdicts["version"]
    compare(verdicts, [])
    codes = {each.code for each in registry.all_rules()}
    assert {each["code"] for each in verdicts["findings"]} <= codes
