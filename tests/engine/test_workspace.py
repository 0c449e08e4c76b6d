"""The workspace: buffers and files, several projects, broken parts, caching."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workspaces import EXPECTED, FILES, MODELS, SERVICES, VIEWS, Shop

from djguide_analyzers.engine.workspace import Cancelled, Workspace
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.source.edits import apply_edits


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "shop")
    yield shop
    shop.workspace.close()


# --- checking --------------------------------------------------------------------------------------------


def test_check(shop: Shop) -> None:
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    assert report.problems == []
    assert report.stats.files == len(FILES)
    (project,) = report.projects
    assert project.root == shop.root.as_posix()
    assert project.settings_module == "config.settings"
    assert project.apps == ("shop",)
    assert project.model_count == 2


def test_check_of_some_paths(shop: Shop) -> None:
    def checked(*names: str) -> list[str]:
        return shop.told(shop.workspace.check([shop.path(name) for name in names]).findings)

    assert checked("shop/models.py") == EXPECTED[:1]
    assert checked("shop/services.py") == EXPECTED[2:]  # its access lies there
    assert checked("config", "shop/models.py") == EXPECTED[:1]
    assert checked("shop") == EXPECTED
    assert checked("sho") == []


def test_both_ends_of_a_finding_show_it(shop: Shop) -> None:
    shop.workspace.settle()
    for name in ("shop/views.py", "shop/services.py"):
        assert EXPECTED[2] in shop.told(shop.workspace.findings(shop.path(name)))
    (finding,) = shop.workspace.findings(shop.path("shop/services.py"))
    assert {edit.path for fix in finding.fixes for edit in fix.edits} == {shop.path("shop/views.py")}


def test_fixes_make_their_findings_go_and_no_others_come(shop: Shop) -> None:
    for finding in shop.report().findings:
        fix = next((fix for fix in finding.fixes if fix.edits), None)
        if fix is None:
            continue
        before = shop.check()
        for path in {edit.path for edit in fix.edits}:
            edits = [edit for edit in fix.edits if edit.path == path]
            shop.workspace.set_text(path, apply_edits(shop.workspace.text(path) or "", edits))
        after = shop.check()
        assert len(after) == len(before) - 1
        assert not shop.report().problems
        for path in {edit.path for edit in fix.edits}:
            shop.workspace.drop_text(path)
    assert shop.check() == EXPECTED


def test_an_empty_workspace(tmp_path: Path) -> None:
    workspace = Workspace([tmp_path / "nothing", tmp_path], cache=tmp_path / "cache")
    report = workspace.check()
    assert (report.findings, report.problems, report.projects) == ([], [], [])
    assert workspace.findings((tmp_path / "a.py").as_posix()) == []
    assert workspace.models() == {"models": [], "unknown": []}
    assert workspace.doctor()["projects"] == []


def test_a_folder_without_django(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "plain", {"a.py": "def f(x):\n    return len(x.objects.all())\n", "b.txt": "x"})
    assert shop.check() == []


# --- buffers ---------------------------------------------------------------------------------------------


def test_a_buffer_hides_the_file(shop: Shop) -> None:
    assert shop.check() == EXPECTED
    shop.edit("shop/views.py", "# one line more\n" + VIEWS)
    moved = [line.replace(":6", ":7").replace(":10 n", ":11 n") for line in EXPECTED[1:]]
    assert shop.check() == [EXPECTED[0], *moved]
    assert shop.workspace.text(shop.path("shop/views.py")) == "# one line more\n" + VIEWS
    shop.workspace.drop_text(shop.path("shop/views.py"))
    assert shop.check() == EXPECTED
    assert (shop.root / "shop/views.py").read_text() == VIEWS


def test_a_buffer_of_a_file_that_is_not_on_the_disk(shop: Shop) -> None:
    shop.check()
    shop.edit("shop/new.py", "from shop.models import Book\n\ndef f():\n    return len(Book.objects.all())\n")
    assert "shop/new.py:4 len-of-queryset" in shop.check()
    shop.workspace.drop_text(shop.path("shop/new.py"))
    assert shop.check() == EXPECTED


@pytest.mark.parametrize("name", ["shop/views.py", "shop/models.py"])
def test_opening_saving_and_closing_a_file_changes_nothing(shop: Shop, name: str) -> None:
    assert shop.check() == EXPECTED
    shop.edit(name, FILES[name])
    (tracked,) = shop.workspace._folder(shop.root.as_posix()).tracked()
    assert [file.path for file in tracked.pending] == [
        shop.path(name)
    ]  # to be taken to pieces, for the first edit
    assert shop.told(tracked.findings()) == EXPECTED
    shop.edit(name, f"# one line more\n{FILES[name]}")
    edited = shop.check()
    shop.change(name, f"# one line more\n{FILES[name]}")
    assert shop.workspace.settled
    shop.workspace.drop_text(shop.path(name))
    assert shop.workspace.settled
    assert shop.check() == edited != EXPECTED


def test_a_file_closed_without_saving_is_as_on_the_disk(shop: Shop) -> None:
    assert shop.check() == EXPECTED
    shop.edit("shop/views.py", f"# one line more\n{VIEWS}")
    assert shop.check() != EXPECTED
    shop.workspace.changed_on_disk([shop.path("shop/views.py")])
    shop.workspace.drop_text(shop.path("shop/views.py"))
    assert not shop.workspace.settled
    assert shop.check() == EXPECTED


def test_an_edit_of_a_model_reaches_other_files(shop: Shop) -> None:
    shop.check()
    shop.edit("shop/models.py", MODELS.replace("models.ForeignKey(Author,", "models.JSONField("))
    assert shop.check() == EXPECTED[:2]
    shop.edit("shop/models.py", MODELS)
    assert shop.check() == EXPECTED


def test_an_edit_of_a_called_function_reaches_its_callers(shop: Shop) -> None:
    shop.check()
    shop.edit("shop/services.py", "\n\n" + SERVICES)
    assert shop.check()[2] == "shop/views.py:10 n-plus-one-foreign-key -> shop/services.py:4"
    shop.edit("shop/services.py", "def names(books):\n    return [book.title for book in books]\n")
    assert shop.check() == EXPECTED[:2]


def test_an_edit_of_a_caller_reaches_the_functions_it_calls(tmp_path: Path) -> None:
    services = """\
from shop.models import Author, Book


def publish(name, title):
    author = Author.objects.create(name=name)
    Book.objects.create(title=title, author=author)
"""
    caller = "from django.db import transaction\nfrom shop.services import publish\n\n\ndef view(request):\n"
    within = f"{caller}    with transaction.atomic():\n        publish('A', 'B')\n"
    without = f"{caller}    publish('A', 'B')\n"
    files = FILES | {"shop/services.py": services, "shop/views.py": within}
    shop = Shop(tmp_path / "shop", files, settings={"select": ["coupled-writes-without-transaction"]})
    assert shop.check() == []
    shop.edit("shop/views.py", without)
    assert shop.check() == ["shop/services.py:5 coupled-writes-without-transaction"]
    shop.edit("shop/views.py", within)
    assert shop.check() == []
    shop.workspace.close()


def test_changes_on_the_disk(shop: Shop) -> None:
    shop.check()
    shop.change("shop/extra.py", "from shop.models import Book\n\nx = len(Book.objects.all())\n")
    assert "shop/extra.py:3 len-of-queryset" in shop.check()
    shop.change("shop/extra.py", None)
    shop.change("shop/services.py", None)
    assert shop.check() == EXPECTED[:2]


def test_settings_decide_what_is_installed(shop: Shop) -> None:
    assert shop.check() == EXPECTED
    shop.change("config/settings.py", 'INSTALLED_APPS = ["shop", "other"]\n')
    assert shop.workspace.projects()[0].apps == ("shop", "other")


def test_configuration_is_read_again(shop: Shop) -> None:
    shop.check()
    shop.change("djguide.toml", 'ignore = ["len-of-queryset"]\n')
    assert shop.check() == [EXPECTED[0], EXPECTED[2]]
    shop.edit("djguide.toml", 'ignore = ["models"]\n')
    assert shop.check() == EXPECTED[1:]
    shop.workspace.drop_text(shop.path("djguide.toml"))
    shop.change("djguide.toml", None)
    assert shop.check() == EXPECTED


def test_ignores_by_path(shop: Shop) -> None:
    shop.change(
        "djguide.toml",
        '[per-path-ignores]\n"shop/models.py" = ["models"]\n"**/views.py" = ["len-of-queryset"]\n',
    )
    assert shop.check() == EXPECTED[2:]
    shop.change("djguide.toml", '[per-path-ignores]\n"services.py" = ["queries"]\n')
    assert shop.check() == EXPECTED[:2]


def test_a_mistake_in_the_configuration_is_shown_in_it(shop: Shop) -> None:
    shop.change("djguide.toml", 'ignore = ["no-such-rule"]\n')
    assert shop.check() == ["djguide.toml:1 invalid-configuration", *EXPECTED]


# --- several projects ------------------------------------------------------------------------------------


def two(tmp_path: Path) -> tuple[Shop, Shop]:
    one, other = Shop(tmp_path / "all/one"), Shop(tmp_path / "all/two")
    other.write(
        **{"shop/models.py": MODELS.replace("FloatField()", "DecimalField(max_digits=9, decimal_places=2)")}
    )
    return one, other


@pytest.mark.parametrize("roots", [["all"], ["all/one", "all/two"]])
def test_several_projects(tmp_path: Path, roots: list[str]) -> None:
    one, other = two(tmp_path)
    workspace = one.fresh(*(tmp_path / root for root in roots))
    report = workspace.check()
    found = report.findings
    assert one.told(f for f in found if f.place.path.startswith(one.root.as_posix() + "/")) == EXPECTED
    assert (
        other.told(f for f in found if f.place.path.startswith(other.root.as_posix() + "/")) == EXPECTED[1:]
    )
    assert {project.root for project in report.projects} == {one.root.as_posix(), other.root.as_posix()}


def test_an_edit_in_one_project_leaves_the_other_alone(tmp_path: Path) -> None:
    one, other = two(tmp_path)
    workspace = one.fresh(tmp_path / "all")
    workspace.check()
    workspace.set_text(one.path("shop/models.py"), "")
    found = workspace.check().findings
    assert [f for f in found if f.place.path.startswith(one.root.as_posix() + "/")] == []
    assert (
        other.told(f for f in found if f.place.path.startswith(other.root.as_posix() + "/")) == EXPECTED[1:]
    )


# --- broken parts ----------------------------------------------------------------------------------------


def test_a_broken_file_is_told_and_silences_no_other(shop: Shop) -> None:
    shop.write(**{"shop/broken.py": "def f(:\n    (\n", "shop/binary.py": "\0x = 1\n"})
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    assert [(p.kind, Path(p.place.path).name) for p in report.problems if p.place] == [
        ("syntax", "binary.py"),
        ("syntax", "broken.py"),
    ]


def test_a_broken_statement_costs_its_own_findings_only(shop: Shop) -> None:
    shop.edit("shop/views.py", VIEWS.replace("    return len(Book", "    foo(\n    return len(Book"))
    report = shop.report()
    assert shop.told(report.findings) == [
        EXPECTED[0], "shop/views.py:7 len-of-queryset", EXPECTED[2].replace(":10", ":11"),
    ]  # fmt: skip
    assert [problem.kind for problem in report.problems] == ["syntax"]
    shop.workspace.drop_text(shop.path("shop/views.py"))
    assert shop.report().problems == []


def test_unreadable_files_are_told_every_time(shop: Shop) -> None:
    (shop.root / "shop/latin.py").write_bytes(b"name = '\xe9'\nx = = 1\n")
    (shop.root / "shop/gone.py").symlink_to("nowhere.py")
    for workspace in (shop.workspace, shop.fresh()):
        problems = workspace.check().problems
        assert [(p.kind, Path(p.place.path).name) for p in problems if p.place] == [
            ("unreadable", "latin.py"),
            ("syntax", "latin.py"),
        ]
        workspace.close()


def entry(code: str, practice: str, check: object) -> registry.Entry:
    template = next(entry for entry in registry.all_rules() if entry.rule.default and not entry.rule.django)
    return registry.Entry(code, practice, template.rule, check, template.page_path)  # type: ignore[arg-type]


def failing(file: FileContext) -> Iterator[Hit]:
    if file.path.endswith("views.py"):
        raise ZeroDivisionError("a rule that is wrong")
    yield from ()


def test_a_rule_that_fails_silences_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {"aa-failing": entry("aa-failing", "queries", failing), **registry._entries()}
    monkeypatch.setattr(registry, "_entries", lambda: entries)
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    (problem,) = report.problems
    assert problem.kind == "internal"
    assert problem.place is not None
    assert problem.place.path == shop.path("shop/views.py")
    assert problem.message == "rule aa-failing failed: ZeroDivisionError: a rule that is wrong"
    assert "failing" in problem.detail
    shop.edit("shop/views.py", VIEWS + "\n")
    assert len(shop.report().problems) == 1


def test_a_rule_that_fails_late_keeps_what_it_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (original,) = [rule for rule in registry.all_rules() if rule.code == "len-of-queryset"]

    def late(file: FileContext) -> Iterator[Hit]:
        assert original.check_scope is not None
        for scope in file.scopes:
            yield from original.check_scope(file, scope)
        raise RuntimeError

    entries = {**registry._entries(), "len-of-queryset": entry("len-of-queryset", "queries", late)}
    monkeypatch.setattr(registry, "_entries", lambda: entries)
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    assert {problem.kind for problem in report.problems} == {"internal"}


def test_code_nested_too_deeply_is_survived(shop: Shop) -> None:
    deep = "x" + ".filter(a=1)" * 280
    shop.write(
        **{
            "shop/deep.py": f"from shop.models import Book\n\ndef f(x):\n    return {deep}\n\ny = {deep}\n",
            "shop/deeper.py": "x = " + "-" * 5000 + "1\n",
        }
    )
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    assert all(problem.kind == "syntax" for problem in report.problems)


def test_cancelling_loses_nothing(shop: Shop) -> None:
    def cancelled_after(number: int) -> bool:
        steps = iter(range(number))
        try:
            shop.workspace.check(cancelled=lambda: next(steps, None) is None)
        except Cancelled:
            return True
        return False

    inside_of_files = [10, 50, 100, 500, 1000]
    assert [cancelled_after(number) for number in (*range(4), *inside_of_files)] == [True] * 9
    assert shop.check() == EXPECTED
    assert shop.workspace.settled


def test_progress(shop: Shop) -> None:
    seen: list[tuple[str, int, int]] = []
    shop.workspace.check(progress=lambda *step: seen.append(step))
    assert list(dict.fromkeys(step[0] for step in seen)) == ["reading", "linking", "checking"]
    assert all(done <= total for _, done, total in seen)


# --- the cache -------------------------------------------------------------------------------------------


def test_facts_are_reused_by_the_next_workspace(shop: Shop) -> None:
    first = shop.report().stats
    assert first.files_parsed > 0
    shop.workspace.close()
    again = shop.fresh()
    second = again.check()
    assert second.stats.files_parsed == 0
    assert shop.told(second.findings) == EXPECTED
    shop.write(**{"shop/views.py": VIEWS + "\nx = 1\n"})
    third = shop.fresh().check()
    assert third.stats.files_parsed == 1
    assert shop.told(third.findings) == EXPECTED


def test_a_cache_folder_that_cannot_be_used_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    shop = Shop(tmp_path / "shop", cache=blocked / "cache")
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    assert [problem.kind for problem in report.problems] == ["cache"]
    assert blocked.read_text() == "a file"


def test_a_damaged_cache_is_made_anew(shop: Shop) -> None:
    shop.check()
    shop.workspace.close()
    for path in shop.cache.rglob("*"):
        if path.is_file():
            path.write_bytes(b"not a cache" * 20)
    assert shop.check(shop.fresh()) == EXPECTED
    assert shop.check(shop.fresh()) == EXPECTED


def test_two_workspaces_share_a_cache(shop: Shop) -> None:
    other = shop.fresh()
    assert shop.check() == EXPECTED
    assert shop.check(other) == EXPECTED
    other.close()
    assert shop.check() == EXPECTED


# --- incremental equals from scratch ---------------------------------------------------------------------

LINES = [
    "x = len(Book.objects.all())", "def added():", "    return 1", "import shop.services",
    "from shop.models import *", "# djguide: ignore[len-of-queryset]", "class Extra(models.Model):",
    "    cost = models.FloatField()", "foo.(", "for book in Book.objects.all():", "    book.author.name", '"""',
    "    related = models.ForeignKey('Author', models.CASCADE)", "    class Meta: abstract = True", "", "@property",
    "if x:", "else:", "  # djguide: ignore[n-plus-one-foreign-key]",
    "    return Book.objects.select_related('author')", "names = None",
]  # fmt: skip


def step(rng: random.Random, texts: dict[str, str]) -> tuple[str, str | None]:
    """One edit: the file and its new text; None to go back to the disk."""
    name = rng.choice(
        ["shop/models.py", "shop/views.py", "shop/services.py", "shop/new.py", "config/settings.py"]
    )
    if rng.random() < 0.12 and name in texts:
        return name, None
    lines = texts.get(name, FILES.get(name, "")).split("\n")
    at = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines.insert(at, rng.choice(LINES))
        case 1:
            del lines[at]
        case 2:
            lines[at] = lines[at][: rng.randint(0, len(lines[at]))]
        case _:
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines.insert(at, indent + rng.choice(LINES).strip())
    return name, "\n".join(lines)


@pytest.mark.parametrize("seed", range(6))
def test_findings_after_edits_are_those_from_scratch(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    shop = Shop(tmp_path / "shop")
    shop.check()
    texts: dict[str, str] = {}
    for number in range(30):
        name, text = step(rng, texts)
        if text is None:
            del texts[name]
            shop.workspace.drop_text(shop.path(name))
        else:
            texts[name] = text
            shop.edit(name, text)
        if rng.random() < 0.3:
            shop.workspace.findings(shop.path(name))
        if number % 3:
            continue
        fresh = shop.fresh(reuse=False)
        for other, held in texts.items():
            fresh.set_text(shop.path(other), held)
        one, two = shop.report(), fresh.check()
        assert shop.told(one.findings) == shop.told(two.findings)
        assert one.findings == two.findings
        assert [(p.kind, p.message, p.place) for p in one.problems] == [
            (p.kind, p.message, p.place) for p in two.problems
        ]
        assert one.projects == two.projects
        fresh.close()


def test_models_that_two_projects_share_are_said_once(tmp_path: Path) -> None:
    files = {
        f"{name}/manage.py": f"import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', '{name}_settings')\n"
        for name in ("one", "two")
    }
    for name in ("one", "two"):
        files[f"{name}/{name}_settings.py"] = f"INSTALLED_APPS = ['django.contrib.auth', '{name}_app']\n"
        files[f"{name}/{name}_app/__init__.py"] = ""
        files[f"{name}/{name}_app/models.py"] = (
            "from django.contrib.auth.models import User\nfrom django.db import models\n"
            "class Own(models.Model):\n    user = models.ForeignKey(User, models.CASCADE)\n"
        )
    workspace = Shop(tmp_path / "both", files).workspace
    assert len(workspace.check().projects) == 2
    document: Any = workspace.models()
    labels = [row["label"] for row in document["models"]]
    assert len(labels) == len(set(labels)) and {"one_app.Own", "two_app.Own", "auth.User"} <= set(labels)
