"""Rules about the whole project, which collect from each file and conclude from all, and rules about templates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from workspaces import FILES, MODELS, Shop

from djguide_analyzers.facts.template_ir import Include, Output, walk
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import ProjectContext, TemplateContext

CODE = "filtered-field-not-indexed"
OUTPUTS = "outputs-shown"
SEARCH = """\
from shop.models import Book


def one(title):
    return Book.objects.filter(title=title).first()


def known(title):
    return Book.objects.filter(title=title).exists()
"""
MORE = """\
from shop.models import Book


def remove(title):
    Book.objects.filter(title=title).delete()
"""
PROJECT = {**FILES, "shop/search.py": SEARCH, "shop/more.py": MORE}
FOUND = f"shop/models.py:9 {CODE}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "shop", PROJECT, settings={"select": [CODE]})
    yield shop
    shop.workspace.close()


# --- the whole project -----------------------------------------------------------------------------------


def related(shop: Shop) -> list[tuple[str, int]]:
    (finding,) = shop.report().findings
    root = f"{shop.root.as_posix()}/"
    return [(r.place.path.removeprefix(root), r.place.range.start.line + 1) for r in finding.related]


def test_uses_of_all_files_count(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    assert related(shop) == [("shop/more.py", 5), ("shop/search.py", 5), ("shop/search.py", 9)]


def test_an_edit_of_a_use_reaches_the_model(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    shop.edit("shop/more.py", MORE.replace("title=title", "pk=title"))
    assert shop.workspace.settled is False
    assert shop.check() == []
    shop.edit("shop/more.py", MORE)
    assert shop.check() == [FOUND]


def test_places_move_with_edits(shop: Shop) -> None:
    shop.check()
    shop.edit("shop/more.py", "# one line more\n" + MORE)
    assert related(shop)[0] == ("shop/more.py", 6)
    shop.edit("shop/models.py", "# one line more\n" + MODELS)
    assert shop.check() == [f"shop/models.py:10 {CODE}"]


def test_a_finding_with_a_place_in_the_edited_file_waits(shop: Shop) -> None:
    shop.check()
    shop.edit("shop/more.py", "# one line more\n" + MORE)
    assert shop.workspace.findings(shop.path("shop/models.py")) == []
    shop.workspace.settle()
    assert shop.told(shop.workspace.findings(shop.path("shop/models.py"))) == [FOUND]


def test_what_was_collected_is_kept_for_the_next_run(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    shop.workspace.close()
    shop.write(**{"shop/more.py": MORE.replace("title=title", "pk=title")})
    assert shop.check(shop.fresh()) == shop.check(shop.fresh(reuse=False)) == []
    shop.write(**{"shop/more.py": MORE.replace("delete()", "count()")})
    again = shop.fresh()
    assert again.check().findings == shop.fresh(reuse=False).check().findings
    assert shop.check(again) == [FOUND]


def test_the_fix_adds_an_index(shop: Shop) -> None:
    shop.check()
    (finding,) = shop.report().findings
    (edit,) = finding.fixes[0].edits
    assert edit.text == '\n\n    class Meta:\n        indexes = [models.Index(fields=["title"])]'


def test_a_conclusion_that_fails_silences_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = registry._entries()

    def failing(project: ProjectContext, collected: list[object]) -> Iterator[Hit]:
        raise ZeroDivisionError("a rule that is wrong")
        yield

    model = entries[CODE]
    failed = registry.Entry(
        "aa-failing",
        "indexes",
        model.rule,
        model.check,
        model.page_path,
        collect=model.collect,
        conclude=failing,
    )
    monkeypatch.setattr(registry, "_entries", lambda: {"aa-failing": failed, CODE: model})
    (report,) = [Shop(shop.root, {}).report()]
    assert shop.told(report.findings) == [FOUND]
    (problem,) = report.problems
    assert (problem.kind, problem.place) == ("internal", None)
    assert problem.message == "rule aa-failing failed: ZeroDivisionError: a rule that is wrong"


@pytest.mark.parametrize("seed", range(3))
def test_conclusions_after_edits_are_those_from_scratch(shop: Shop, seed: int) -> None:
    rng = random.Random(seed)
    lines = ["    Book.objects.filter(title=title)", "    Book.objects.get(title='x')", "", "    return ("]
    for _ in range(12):
        name = rng.choice(["shop/search.py", "shop/more.py"])
        text = PROJECT[name].split("\n")
        text.insert(rng.randrange(4, len(text)), rng.choice(lines))
        shop.edit(name, "\n".join(text))
        if rng.random() < 0.5:
            shop.workspace.findings(shop.path(name))
        fresh = shop.fresh(reuse=False)
        for other in ("shop/search.py", "shop/more.py"):
            fresh.set_text(shop.path(other), shop.workspace.text(shop.path(other)) or "")
        assert shop.report().findings == fresh.check().findings
        fresh.close()


# --- templates -------------------------------------------------------------------------------------------


def outputs(template: TemplateContext) -> Iterator[Hit]:
    """A rule that speaks of each template with an output in it, or in what it includes."""
    for node in walk(template.facts.nodes):
        if isinstance(node, Output):
            yield Hit(template.place(node), "shown")
        inner = template.included(node) if isinstance(node, Include) else None
        if inner is not None and any(isinstance(each, Output) for each in inner.facts.nodes):
            yield Hit(template.place(node), "shows something")


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    model = registry._entries()[CODE]
    entry = registry.Entry(
        OUTPUTS, "queries", model.rule, model.check, model.page_path, check_template=outputs
    )
    monkeypatch.setattr(registry, "_entries", lambda: {OUTPUTS: entry})
    files = {
        **FILES,
        "config/settings.py": 'INSTALLED_APPS = ["shop"]\n'
        'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]\n',
        "shop/templates/shop/list.html": "<ul>\n{% include 'shop/item.html' %}\n</ul>\n",
        "shop/templates/shop/item.html": "<li>{{ item }}</li>\n",
    }
    shop = Shop(tmp_path / "shop", files)
    yield shop
    shop.workspace.close()


ITEM = f"shop/templates/shop/item.html:1 {OUTPUTS}"
LIST = f"shop/templates/shop/list.html:2 {OUTPUTS}"


def test_templates_are_checked(templates: Shop) -> None:
    assert templates.check() == [ITEM, LIST]
    fresh = templates.fresh(reuse=False)
    path = templates.path("shop/templates/shop/list.html")
    assert templates.told(fresh.findings(path)) == [LIST]
    assert not fresh.settled
    fresh.close()


def test_an_edit_of_a_template_reaches_those_that_include_it(templates: Shop) -> None:
    templates.check()
    templates.edit("shop/templates/shop/item.html", "<li></li>\n")
    assert templates.check() == []
    templates.edit("shop/templates/shop/item.html", "\n<li>{{ item }}</li>\n")
    assert templates.check() == [ITEM.replace(":1", ":2"), LIST]
    templates.edit("shop/templates/shop/list.html", "<ul></ul>\n")
    assert templates.check() == [ITEM.replace(":1", ":2")]
