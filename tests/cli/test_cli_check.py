from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_fakes import RULES, FakeEngine, Run

from djguide_analyzers.engine.report import Problem


def test_nothing_found(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("fine = 1\n")
    assert run("check") == (0, "No findings in 2 files.\n", "")


def test_findings_exit_one_unless_told_otherwise(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("bad = 1\n")
    assert run("check").status == 1
    assert run("check", "--exit-zero").status == 0
    assert "1 finding (1 warning)" in run("check", "--exit-zero").out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "does not exist"),
        (["--select", "bad-wurd"], "Did you mean bad-word"),
        (["--select", "bad-word,xyzzy"], "no rule or practice called 'xyzzy'"),
        (["--ignore", "bad-wurd"], "Did you mean bad-word"),
        (["--select", ","], "expected a rule code"),
        (["--output-format", "yaml"], "'yaml' is not one of"),
        (["--unheard-of"], "No such option"),
        (["--fix", "--diff"], "exclude each other"),
        (["--diff", "--output-format", "json"], "cannot be combined"),
        (["--diff", "--output-file", "x"], "cannot be combined"),
        (["--review"], "goes with --fix or --diff"),
        (["--since", "main"], "goes with --changed"),
        (["--watch", "--fix"], "--watch cannot be combined"),
        (["--watch", "--output-format", "json"], "--watch cannot be combined"),
        (["--practice", "wurds"], "There are own, speed, words"),
        (["--practice", ","], "There are own, speed, words"),
        (["--severity", "loud"], "'loud' is not one of"),
        (["--group-by", "colour"], "'colour' is not one of"),
        (["--stdin-filename", "a.py", "."], "leave PATH out"),
        (["--stdin-filename", "a.py", "-", "."], "leave PATH out"),
        (["-"], "say with --stdin-filename"),
        (["--stdin-filename", "a.py", "--fix", "--output-format", "json"], "cannot be combined"),
    ],
)
def test_bad_usage_exits_two(
    project: Path, fake: FakeEngine, run: Run, arguments: list[str], complaint: str
) -> None:
    answer = run("check", *arguments)
    assert answer.status == 2
    assert answer.out == ""
    assert complaint in " ".join(answer.err.split())
    assert fake.opened == []


def test_selection_reaches_the_engine(project: Path, fake: FakeEngine, run: Run) -> None:
    run(
        "check",
        "--select",
        "bad-word,speed",
        "--select",
        "ugly-word,bad-word",
        "--ignore",
        "words",
        "--no-cache",
        "--jobs",
        "3",
    )
    assert fake.opened[0].options == {
        "select": ["bad-word", "slow-word", "breaks-file", "ugly-word"],
        "ignore": ["bad-word", "ugly-word"],
        "cache": False,
        "jobs": 3,
        "cluster": None,
        "shared_cache": None,
    }
    run("check", "--ignore", "unused-word", "--select", "all")
    assert fake.opened[1].options["ignore"] == ["unused-word"]
    assert fake.opened[1].options["select"] == [*(entry.code for entry in RULES), "unused-word"]
    assert fake.opened[1].options["cache"] is True


def test_internal_problem_exits_two_even_with_exit_zero(project: Path, fake: FakeEngine, run: Run) -> None:
    problem = Problem("internal", "rule bad-word raised KeyError", detail="Traceback: the details")
    fake.prepare = lambda workspace: workspace.extra_problems.append(problem)
    answer = run("check", "--exit-zero")
    assert answer.status == 2
    assert "internal error: rule bad-word raised KeyError" in answer.err
    assert "--traceback" in answer.err and "the details" not in answer.err
    assert "the details" in run("check", "--traceback").err
    assert run("check", "--output-format", "json").status == 2


def test_problems_in_the_project_are_listed_and_do_not_change_the_status(
    project: Path, fake: FakeEngine, run: Run
) -> None:
    (project / "views.py").write_text("fine = 1\ndef (:\n")
    answer = run("check")
    assert answer.status == 0
    assert answer.err.startswith("views.py:2:5: syntax error: ")
    assert "syntax" not in answer.out
    document = json.loads(run("check", "--output-format", "json").out)
    (error,) = document["errors"]
    assert error["kind"] == "syntax" and error["path"] == "views.py" and error["message"]
    assert error["range"]["start"] == {"line": 2, "column": 5}


def test_problem_without_a_place(project: Path, fake: FakeEngine, run: Run) -> None:
    fake.prepare = lambda workspace: workspace.extra_problems.append(Problem("cache", "cannot be written"))
    assert run("check").err == "cache error: cannot be written\n"
    assert json.loads(run("check", "--output-format", "json").out)["errors"] == [
        {"kind": "cache", "message": "cannot be written", "path": None, "range": None}
    ]


def test_json_is_the_contract(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "shop").mkdir()
    (project / "shop" / "views.py").write_text("x = 1\nname = 'é𝒳 bad'\n", encoding="utf-8")
    answer = run("check", "--output-format", "json")
    assert answer.status == 1 and answer.err == ""
    document = json.loads(answer.out)
    assert list(document) == ["version", "projects", "findings", "errors", "stats"]
    assert document["version"] == 1
    assert document["projects"][0]["settings_module"] == "shop.settings"
    span = {"start": {"line": 2, "column": 12}, "end": {"line": 2, "column": 15}}
    first = {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 2}}
    assert document["findings"] == [
        {
            "code": "bad-word",
            "practice": "words",
            "severity": "warning",
            "confidence": "proven",
            "message": "The word `bad` is bad",
            "path": "shop/views.py",
            "range": span,
            "other_end": None,
            "fingerprint": "fp-views.py-bad-word-2",
            "related": [{"message": "`bad` is declared here", "path": "shop/views.py", "range": first}],
            "fixes": [
                {
                    "title": "Write `good`",
                    "safety": "safe",
                    "edits": [{"path": "shop/views.py", "range": span, "text": "good"}],
                }
            ],
            "data": {},
        }
    ]
    stats = document["stats"]
    assert stats["files"] == 2 and stats["seconds"] == 0.25 and stats["phases"] == {"checking": 0.25}
    assert stats["rules"] == {"bad-word": 1} and stats["fixable"] == {"safe": 1}


def test_json_stands_at_the_access_in_one_file_and_at_the_owner_across_two(
    project: Path, fake: FakeEngine, run: Run
) -> None:
    (project / "one.py").write_text("slow = 1\nx = used = 1\n")
    (project / "two.py").write_text("slow = 1\n")
    (project / "access.html").write_text("{{ used }}\n")
    one, two = json.loads(run("check", "--output-format", "json").out)["findings"]
    assert (one["path"], one["range"]["start"]["line"]) == ("one.py", 2)
    assert one["data"]["access"] == {"path": "one.py", "line": 2}
    assert (two["path"], two["range"]["start"]["line"]) == ("two.py", 1)
    assert two["data"] == {"model": "shop.Order", "access": {"path": "access.html", "line": 1}, "owner": None}
    assert two["fixes"] == [{"title": "Think about it", "safety": "manual", "edits": []}]


def test_paths_outside_the_current_directory_are_relative_to_the_argument(
    tmp_path: Path, project: Path, fake: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "shop").mkdir()
    (project / "shop" / "views.py").write_text("bad = 1\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    def path(argument: Path) -> str:
        return json.loads(run("check", argument, "--output-format", "json").out)["findings"][0]["path"]

    assert path(project) == "shop/views.py"
    assert path(project / "shop") == "views.py"
    assert path(project / "shop" / "views.py") == "views.py"


def test_only_the_arguments_are_checked_but_the_project_is_read(
    project: Path, fake: FakeEngine, run: Run
) -> None:
    (project / "shop").mkdir()
    (project / "shop" / "views.py").write_text("bad = 1\n")
    (project / "other.py").write_text("bad = 1\n")
    assert "1 finding " in run("check", "shop").out
    assert fake.opened[-1].roots == [project]
    assert fake.opened[-1].checked == [[(project / "shop").as_posix()]]
    run("check", "shop/views.py", "other.py")
    assert fake.opened[-1].roots == [project]
    run("check")
    assert fake.opened[-1].checked == [None]


def test_statistics(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("bad = 1\nbad = 2\nugly = 3\n")
    assert run("check", "--statistics").out.split("\n")[:3] == [
        "2  warning  bad-word",
        "1  error    ugly-word",
        "",
    ]


def test_json_does_not_need_valid_unicode_names(project: Path, fake: FakeEngine, run: Run) -> None:
    problem = Problem("unreadable", "name \udcff is not text")
    fake.prepare = lambda workspace: workspace.extra_problems.append(problem)
    answer = run("check", "--output-format", "json")
    assert json.loads(answer.out)["errors"][0]["message"] == "name \udcff is not text"
