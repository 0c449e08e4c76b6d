"""``djguide``, ``models``, ``rules``, ``rule``, ``doctor`` and ``server``."""

from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import click
import pytest
from cli_fakes import PAGES, FakeEngine, FakeWorkspace, Run

from djguide_analyzers import __version__
from djguide_analyzers.engine.report import Problem
from djguide_server.cli import app, formats
from djguide_server.cli.mermaid import entity_diagram
from djguide_server.cli.streams import Terminal
from djguide_server.cli.tables import render_markdown


def test_without_arguments_prints_help(run: Run) -> None:
    answer = run()
    assert answer.status == 0
    assert answer.out.startswith("Usage: djguide")
    for name in ("check", "doctor", "models", "rule", "rules", "server"):
        assert re.search(rf"^  {name} +\w", answer.out, re.MULTILINE)


def test_every_command_explains_itself(run: Run) -> None:
    context = click.Context(app.cli)
    for name in app.cli.list_commands(context):
        answer = run(name, "--help")
        assert answer.status == 0
        assert answer.out.startswith(f"Usage: djguide {name}")
        assert "--traceback" in answer.out


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"djguide {__version__}\n", "")


def test_unknown_command_suggests_one(run: Run) -> None:
    answer = run("chek")
    assert answer.status == 2
    assert "No such command 'chek'. Did you mean 'check'?" in answer.err


def test_a_crash_is_short_unless_the_traceback_is_wanted(project: Path, fake: FakeEngine, run: Run) -> None:
    def explode(workspace: FakeWorkspace) -> None:
        raise KeyError("lost")

    fake.prepare = explode
    answer = run("check")
    assert answer.status == 2 and answer.out == ""
    assert answer.err == (
        "djguide: internal error: KeyError: 'lost'\nRun again with --traceback to see where it happened.\n"
    )
    for arguments in (["check", "--traceback"], ["--traceback", "check"], ["models", "--traceback"]):
        answer = run(*arguments)
        assert answer.status == 2
        assert answer.err.startswith("Traceback (most recent call last)")
        assert "in explode" in answer.err


def test_an_operating_system_error_names_itself(project: Path, fake: FakeEngine, run: Run) -> None:
    def explode(workspace: FakeWorkspace) -> None:
        raise PermissionError(13, "Permission denied", "/srv/secret")

    fake.prepare = explode
    assert "djguide: [Errno 13] Permission denied: '/srv/secret'\n" in run("doctor").err


def test_interrupt_is_quiet(project: Path, fake: FakeEngine, run: Run) -> None:
    def interrupt(workspace: FakeWorkspace) -> None:
        raise KeyboardInterrupt

    fake.prepare = interrupt
    answer = run("check")
    assert answer.status == 130
    assert answer.out == "" and answer.err.strip() == ""


def test_formats_are_the_modules_of_their_folder() -> None:
    assert formats.names()[0] == "text"
    assert "json" in formats.names()
    for name in formats.names():
        assert callable(formats.load(name).render)


# --- models ------------------------------------------------------------------------------------------------


def field(name: str, class_: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "class": class_, "null": False, "unique": False, "primary_key": False} | more


def relation(name: str, kind: str, target: str | None) -> dict[str, Any]:
    return {"name": name, "kind": kind, "target": target}


def model(label: str, fields: list[Any], relations: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "file": "shop/models.py",
        "line": 4,
        "db_table": label.lower().replace(".", "_"),
        "proxy": False,
        "fields": fields,
        "relations": relations,
        "reverse": [],
    } | more


ID = field("id", "django.db.models.fields.BigAutoField", primary_key=True, unique=True)
GRAPH = {
    "models": [
        model(
            "shop.Order",
            [
                ID,
                field("user", "django.db.models.ForeignKey"),
                field("coupon", "django.db.models.OneToOneField", null=True, unique=True),
            ],
            [
                relation("user", "fk", "auth.User"),
                relation("coupon", "o2o", "shop.Coupon"),
                relation("tags", "m2m", "shop.Tag_x"),
                relation("subject", "gfk", None),
            ],
        ),
        model(
            "shop.Coupon",
            [ID],
            [],
            reverse=[{"accessor": "order", "source": "shop.Order.coupon", "kind": "o2o"}],
        ),
        model("shop.Tag_x", [ID], []),
        model("shop_Tag.x", [ID], [], file=None, line=None),
    ],
    "unknown": [{"reason": "computed base class"}],
}


@pytest.fixture
def graph(fake: FakeEngine) -> FakeEngine:
    def prepare(workspace: FakeWorkspace) -> None:
        workspace.model_graph = json.loads(json.dumps(GRAPH))

    fake.prepare = prepare
    return fake


def test_models_as_json(project: Path, graph: FakeEngine, run: Run) -> None:
    answer = run("models", "--format", "json")
    assert answer.status == 0
    assert json.loads(answer.out) == GRAPH


def test_models_as_table(project: Path, graph: FakeEngine, run: Run) -> None:
    answer = run("models")
    assert answer.status == 0
    order = next(line for line in answer.out.split("\n") if "shop.Order" in line)
    assert order.split(maxsplit=4)[:4] == ["shop.Order", "shop/models.py:4", "shop_order", "3"]
    assert "user → auth.User, coupon → shop.Coupon, tags → shop.Tag_x, subject → ?" in order
    assert answer.out.endswith("4 models. 1 thing could not be read: see --format json.\n")


@pytest.mark.parametrize(
    ("told", "note"),
    [
        ({"uncertain": ["installed"]}, " (may not be installed)"),
        ({"uncertain": [""], "proxy": True}, " (proxy, may not be installed)"),
        ({"uncertain": ["ordering"], "proxy": True}, " (proxy)"),
        ({"uncertain": []}, ""),
    ],
    ids=["application", "model", "proxy", "certain"],
)
def test_the_table_says_which_models_may_not_be_there(
    project: Path, fake: FakeEngine, run: Run, told: dict[str, Any], note: str
) -> None:
    row = {"label": "shop.Order", "fields": [], "relations": [], "reverse": [], **told}
    fake.prepare = lambda workspace: setattr(workspace, "model_graph", {"models": [row], "unknown": []})
    [line] = [line for line in run("models").out.split("\n") if "shop.Order" in line]
    assert line.split("   ")[0].strip() == f"shop.Order{note}"


def test_models_as_mermaid(project: Path, graph: FakeEngine, run: Run) -> None:
    lines = run("models", "--format", "mermaid").out.split("\n")
    assert lines[0] == "erDiagram"
    assert '    shop_Order["shop.Order"] {' in lines
    assert "        BigAutoField id PK" in lines
    assert "        OneToOneField coupon FK, UK" in lines
    assert '    auth_User["auth.User"]' in lines
    assert '    shop_Order }o--|| auth_User : "user"' in lines
    assert '    shop_Order |o--o| shop_Coupon : "coupon"' in lines
    assert '    shop_Order }o--o{ shop_Tag_x : "tags"' in lines
    assert '    shop_Tag_x_2["shop_Tag.x"] {' in lines
    assert not any("subject" in line for line in lines)


def test_no_name_of_a_diagram_is_taken_for_a_key() -> None:
    """Mermaid's own parser refuses an attribute called ``fk``."""
    fields = [{"name": name, "class": f"shop.{name}"} for name in ("fk", "Uk", "pk_hash", "größe")]
    model = {"label": "shop.Order", "fields": fields, "relations": []}
    lines = entity_diagram({"models": [model]}).split("\n")
    assert lines[2:6] == [
        "        fk_ fk_",
        "        Uk_ Uk_",
        "        pk_hash pk_hash",
        "        gr__e gr__e",
    ]


def test_a_diagram_that_few_viewers_draw_comes_with_a_note(
    project: Path, graph: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", "--format", "mermaid").err == ""
    monkeypatch.setattr("djguide_server.cli.commands.models._DRAWN", 10)
    answer = run("models", "--format", "mermaid")
    assert answer.err.endswith("viewers commonly draw no more than 10\n") and answer.out.startswith(
        "erDiagram"
    )
    assert run("models").err == ""


def test_models_of_a_path_and_of_none(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "shop").mkdir()
    assert run("models", "shop").out == "0 models.\n"
    assert fake.opened[0].roots == [project]
    assert run("models", "nowhere").status == 2


def test_models_with_an_internal_problem(project: Path, fake: FakeEngine, run: Run) -> None:
    fake.prepare = lambda workspace: workspace.extra_problems.append(Problem("internal", "graph broke"))
    answer = run("models", "--format", "json")
    assert answer.status == 2
    assert answer.err == "internal error: graph broke\n"
    assert json.loads(answer.out) == {"models": [], "unknown": []}


# --- rules -------------------------------------------------------------------------------------------------


def test_rules_as_json(fake: FakeEngine, run: Run) -> None:
    document = json.loads(run("rules", "--format", "json").out)
    assert [rule["code"] for rule in document["rules"]] == [
        "breaks-file",
        "slow-word",
        "bad-word",
        "ugly-word",
    ]
    assert document["rules"][3] == {
        "code": "ugly-word",
        "practice": "words",
        "summary": "Ugly words",
        "severity": "error",
        "safety": "review",
        "default": True,
        "source": "djguide",
        "django": ">=5.0",
    }


def test_rules_as_table(fake: FakeEngine, run: Run) -> None:
    answer = run("rules")
    assert answer.status == 0
    assert re.search(r"^ ?slow-word +speed +info \(opt-in\) +- +all +Slow words$", answer.out, re.MULTILINE)
    assert answer.out.endswith("4 rules, 1 of them opt-in. `djguide rule CODE` explains one.\n")


def test_rule_prints_its_page_raw_when_piped(fake: FakeEngine, run: Run) -> None:
    assert run("rule", "bad-word") == (0, PAGES["bad-word"], "")


def test_rule_page_on_a_terminal() -> None:
    page = render_markdown(
        "# A title\n\n<!-- fix: safe -->\n\nUse *this*:\n\n```python\nx = [1]\n```\n", Terminal(width=60)
    )
    assert "A title" in page and "x = [1]" in page
    assert "fix: safe" not in page and "*this*" not in page and "\x1b" not in page
    assert "\x1b[" in render_markdown("# A title\n", Terminal(colour=True, width=60))


def test_unknown_rule_suggests_close_ones(fake: FakeEngine, run: Run) -> None:
    answer = run("rule", "bad-werd")
    assert answer.status == 2
    assert "There is no rule called 'bad-werd'. Did you mean bad-word" in answer.err
    assert "`djguide rules` lists them" in run("rule", "qqq").err
    assert run("rule", "words").status == 2


# --- doctor ------------------------------------------------------------------------------------------------

FACTS = {
    "version": "0.1.0",
    "projects": [
        {
            "settings_module": "shop.settings",
            "root": "/srv/shop",
            "django": {"version": "5.2", "source": "uv.lock"},
            "environment": None,
            "apps": ["shop", "blog"],
            "unknown": [{"what": "INSTALLED_APPS", "reason": "computed"}],
        }
    ],
    "cache": {"folder": "/home/me/.cache/djguide", "entries": 12, "enabled": True},
    "timings": {"linking": 0.1234, "files": 7},
    "notes": [],
}


def test_doctor_as_text(project: Path, fake: FakeEngine, run: Run) -> None:
    def prepare(workspace: FakeWorkspace) -> None:
        workspace.doctor_facts = FACTS

    fake.prepare = prepare
    answer = run("doctor")
    assert answer.status == 0
    assert (
        answer.out
        == """\
Version: 0.1.0

Projects:
  - root: /srv/shop
    settings module: shop.settings
    django:
      version: 5.2
      source: uv.lock
    environment: none
    apps: shop, blog
    unknown:
      - what: INSTALLED_APPS
        reason: computed

Cache:
  folder: /home/me/.cache/djguide
  entries: 12
  enabled: yes

Timings:
  linking: 0.123 s
  files: 7

Notes: none
"""
    )
    assert json.loads(run("doctor", "--format", "json").out) == FACTS


# --- server ------------------------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The language server replaced by one that only notes how it was started."""
    calls: list[tuple[object, ...]] = []
    module: Any = types.ModuleType("djguide_server.lsp")
    module.serve_stdio = lambda: calls.append(("stdio",))
    module.serve_tcp = lambda host, port: calls.append((host, port))
    monkeypatch.setitem(sys.modules, "djguide_server.lsp", module)
    monkeypatch.setattr("djguide_server.lsp", module, raising=False)
    return calls


def test_server_transports(run: Run, served: list[tuple[object, ...]]) -> None:
    for arguments in (
        [],
        ["--stdio"],
        ["--tcp", "localhost:2087"],
        ["--tcp", "[::1]:0"],
        ["--tcp", ":80"],
    ):
        assert run("server", *arguments).status == 0
    assert served == [("stdio",), ("stdio",), ("localhost", 2087), ("::1", 0), ("127.0.0.1", 80)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tcp", "localhost"],
        ["--tcp", "a:b"],
        ["--tcp", "a:70000"],
        ["--tcp", "::1:80"],
        ["--tcp", "a:1", "--stdio"],
    ],
)
def test_server_bad_usage(run: Run, served: list[tuple[object, ...]], arguments: list[str]) -> None:
    assert run("server", *arguments).status == 2
    assert served == []


def test_server_that_leaves_with_a_message(
    run: Run, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(host: str, port: int) -> None:
        raise SystemExit("cannot listen on a:1")

    monkeypatch.setattr(sys.modules["djguide_server.lsp"], "serve_tcp", serve)
    assert run("server", "--tcp", "a:1") == (2, "", "djguide: cannot listen on a:1\n")


# --- completion and schema ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(fake: FakeEngine, run: Run, shell: str) -> None:
    answer = run("completion", shell)
    assert answer.status == 0
    assert "_DJGUIDE_COMPLETE" in answer.out and "djguide" in answer.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("djguide expl", ["explain"]),
        ("djguide rule bad", ["bad-word"]),
        ("djguide check --select bad-word,ug", ["bad-word,ugly-word"]),
        ("djguide check --practice s", ["speed"]),
        ("djguide check --output-format sa", ["sarif"]),
        ("djguide check --gro", ["--group-by"]),
    ],
)
def test_completions(
    fake: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch, words: str, expected: list[str]
) -> None:
    monkeypatch.setenv("_DJGUIDE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert [line.partition(",")[2] for line in run().out.splitlines()] == expected


def test_the_schema_is_printed(run: Run) -> None:
    document = json.loads(run("config-schema").out)
    assert document["title"] == "djguide" and "per-path-ignores" in document["properties"]


def test_the_help_of_check_has_its_options_under_headings(run: Run) -> None:
    out = run("check", "--help").out
    assert re.findall("^([A-Z][a-z ]+):$", out, re.MULTILINE) == [
        "What to check", "What to tell", "Fixes", "Output", "Large projects", "Other options",
    ]  # fmt: skip
    _, _, others = out.partition("Other options:")
    assert re.findall("^  (-[^ ]+)", others, re.MULTILINE) == ["--traceback", "-h,"]
    assert "FORCE_COLOR" in others


@pytest.mark.parametrize("name", app.cli.list_commands(click.Context(app.cli)))
def test_every_command_has_a_help_that_says_what_it_does(run: Run, name: str) -> None:
    answer = run(name, "--help")
    assert answer.status == 0 and answer.err == ""
    assert len(answer.out.splitlines()) > 4
    assert [line for line in answer.out.splitlines() if len(line) > 80] == []
    assert name in run("--help").out
