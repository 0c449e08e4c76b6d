"""Templates in the workspace: facts kept, findings held, edits noticed, comments obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from workspaces import EXPECTED, FILES, Shop

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.facts import templates
from djguide_analyzers.facts.template_ir import For, Output, walk
from djguide_analyzers.project.modules import BODIES_READ
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Finding, Fix, Place, Safety
from djguide_analyzers.source.edits import Edit, apply_edits

BACKEND = "django.template.backends.django.DjangoTemplates"
ENGINE = f'{{"BACKEND": "{BACKEND}", "DIRS": [BASE / "templates"], "APP_DIRS": True}}'
SETTINGS = (
    "from pathlib import Path\nBASE = Path(__file__).parent.parent\n"
    f"INSTALLED_APPS = ['shop']\nTEMPLATES = [{ENGINE}]\n"
)
LIST = "<ul>\n{% for book in books %}\n  <li>{{ book.author.name }}</li>\n{% endfor %}\n</ul>\n"
CODE = "shown-in-template"
TEMPLATE = "shop/templates/shop/list.html"
FOUND = f"{TEMPLATE}:3 {CODE}"
PROJECT = {
    "manage.py": FILES["manage.py"],
    "config/__init__.py": "",
    "config/settings.py": SETTINGS,
    "shop/__init__.py": "",
    "shop/models.py": "from django.db import models\n\nclass Book(models.Model):\n    title = models.TextField()\n",
    "shop/views.py": "TEMPLATE = 'shop/list.html'\n",
    TEMPLATE: LIST,
}


def outputs_of_the_list(file: FileContext) -> Iterator[Hit]:
    """A rule that starts in the views and ends at each output of the template that they render."""
    if not file.path.endswith("shop/views.py"):
        return
    source = file.project.templates.find("shop/list.html")
    if source is None:
        return
    if (read := BODIES_READ.get()) is not None:
        read.add(source.path)  # as a trace that renders the template would have it
    for node in walk(source.facts.nodes):
        if isinstance(node, Output) and node.value.base.lookups[0] == "book":  # type: ignore[union-attr]
            place = Place(source.path, source.range(node))
            fix = Fix("Shout", Safety.SAFE, (Edit(source.path, place.range, "{{ book|upper }}"),))
            broken = Fix("Break", Safety.SAFE, (Edit(source.path, place.range, "{{ book|| }}"),))
            yield Hit(place, "shown", fixes=(fix, broken))


@pytest.fixture
def with_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    model = next(entry for entry in registry.all_rules() if entry.rule.default and not entry.rule.django)
    entry = registry.Entry(CODE, "queries", model.rule, outputs_of_the_list, model.page_path)
    monkeypatch.setattr(registry, "_entries", lambda: {CODE: entry})


@pytest.fixture
def shop(tmp_path: Path, with_rule: None) -> Iterator[Shop]:
    shop = Shop(tmp_path / "shop", PROJECT)
    yield shop
    shop.workspace.close()


# --- findings --------------------------------------------------------------------------------------------


def test_findings_can_lie_in_templates(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    assert shop.told(shop.workspace.findings(shop.path(TEMPLATE))) == [FOUND]
    assert shop.workspace.findings(shop.path("shop/views.py")) == []
    report = shop.workspace.check([shop.path("shop/templates")])
    assert shop.told(report.findings) == [FOUND]


def test_a_fix_that_breaks_the_template_becomes_advice(shop: Shop) -> None:
    (finding,) = shop.report().findings
    good, bad = finding.fixes
    assert (good.safety, bad.safety, bad.edits) == (Safety.SAFE, Safety.MANUAL, ())
    assert "{{ book|upper }}" in apply_edits(LIST, good.edits)


def test_findings_in_templates_of_packages_are_not_shown(tmp_path: Path, with_rule: None) -> None:
    site = ".venv/lib/python3.12/site-packages"
    files = {
        **{name: text for name, text in PROJECT.items() if name != TEMPLATE},
        "config/settings.py": SETTINGS.replace("'shop'", "'shop', 'lib'"),
        ".venv/pyvenv.cfg": "version = 3.12.1\n",
        f"{site}/lib/__init__.py": "",
        f"{site}/lib/templates/shop/list.html": LIST,
    }
    shop = Shop(tmp_path / "shop", files)
    assert shop.check() == []
    (project,) = shop.workspace._folder(shop.root.as_posix()).projects()
    source = project.templates.find("shop/list.html")
    assert source is not None
    assert (source.origin, source.app) == ("environment", "lib")


# --- edits -----------------------------------------------------------------------------------------------


def fresh_check(shop: Shop) -> list[str]:
    """What a workspace finds that knows nothing but the same texts."""
    workspace = shop.fresh()
    for path in shop.workspace._files.overlays:
        workspace.set_text(path, shop.workspace.text(path) or "")
    found = shop.check(workspace)
    workspace.close()
    return found


def test_typing_in_a_template_is_noticed(shop: Shop) -> None:
    shop.check()
    path = shop.path(TEMPLATE)
    linked = shop.workspace._folder(shop.root.as_posix()).projects()
    for text, expected in [
        ("\n" + LIST, [f"{TEMPLATE}:4 {CODE}"]),
        ("nothing", []),
        (LIST + "{{ book }}", [FOUND, f"{TEMPLATE}:6 {CODE}"]),
        ("{{ book }}{% if %}", [f"{TEMPLATE}:1 {CODE}"]),
        ("", []),
    ]:
        shop.workspace.set_text(path, text)
        assert shop.check() == fresh_check(shop) == expected
        assert shop.told(shop.workspace.findings(path)) == expected
    assert (
        shop.workspace._folder(shop.root.as_posix()).projects() == linked
    )  # the same: nothing was linked anew
    shop.workspace.drop_text(path)
    assert shop.check() == [FOUND]


def test_only_what_rests_on_the_template_is_checked_again(shop: Shop) -> None:
    shop.check()
    (tracked,) = shop.workspace._folder(shop.root.as_posix()).tracked()
    shop.edit(TEMPLATE, "{{ book }}")
    assert [module.path for module in tracked.pending] == [shop.path("shop/views.py")]
    shop.edit("shop/templates/shop/other.html", "")
    shop.check()
    (tracked,) = shop.workspace._folder(shop.root.as_posix()).tracked()
    shop.edit("shop/templates/shop/other.html", "{{ book }}")
    assert tracked.pending == []


def test_a_finding_that_an_edit_moved_is_there_at_once(shop: Shop) -> None:
    shop.check()
    shop.edit(TEMPLATE, "\n\n" + LIST)
    assert shop.told(shop.workspace.findings(shop.path(TEMPLATE))) == [f"{TEMPLATE}:5 {CODE}"]


def test_templates_that_come_and_go(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    shop.change("templates/shop/list.html", "{{ book }}")  # comes first in the search
    assert shop.check() == [f"templates/shop/list.html:1 {CODE}"]
    shop.change("templates/shop/list.html", None)
    assert shop.check() == [FOUND]
    shop.edit("templates/shop/list.html", "\n{{ book }}")  # not saved yet
    assert shop.check() == [f"templates/shop/list.html:2 {CODE}"]
    shop.workspace.drop_text(shop.path("templates/shop/list.html"))
    assert shop.check() == [FOUND]
    shop.change(TEMPLATE, None)
    assert shop.check() == []


def test_a_template_that_is_saved_links_nothing_anew(shop: Shop) -> None:
    shop.check()
    linked = shop.workspace._folder(shop.root.as_posix()).projects()
    shop.change(TEMPLATE, "{{ book }}")
    assert shop.check() == [f"{TEMPLATE}:1 {CODE}"]
    assert shop.workspace._folder(shop.root.as_posix()).projects() == linked


def test_settings_decide_which_templates_there_are(shop: Shop) -> None:
    assert shop.check() == [FOUND]
    shop.edit("config/settings.py", SETTINGS.replace('"APP_DIRS": True', '"APP_DIRS": False'))
    assert shop.check() == []


# --- the cache -------------------------------------------------------------------------------------------


def test_a_second_run_parses_no_template(shop: Shop) -> None:
    first = shop.report().stats
    shop.workspace.close()
    again = shop.fresh()
    second = again.check().stats
    again.close()
    assert first.files == second.files == len(PROJECT)
    assert (second.files_parsed, first.files_parsed > 0) == (0, True)


def test_facts_of_another_format_are_not_used(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.check()
    shop.workspace.close()
    monkeypatch.setattr(templates, "FORMAT", "other")
    again = shop.fresh()
    assert again.check().stats.files_parsed >= len(PROJECT)
    again.close()


def test_python_and_templates_of_one_text_do_not_meet(tmp_path: Path, with_rule: None) -> None:
    shop = Shop(tmp_path / "shop", {**PROJECT, "shop/same.py": LIST})
    for workspace in (shop.workspace, shop.fresh()):
        report = workspace.check()
        assert shop.told(report.findings) == [FOUND]
        assert [Path(p.place.path).name for p in report.problems if p.place] == ["same.py"] * len(
            report.problems
        )
        workspace.close()


# --- broken templates ------------------------------------------------------------------------------------


def problems(workspace: Workspace) -> list[tuple[str, str, int]]:
    return [
        (p.kind, Path(p.place.path).name, p.place.range.start.line)
        for p in workspace.check().problems
        if p.place
    ]


def test_a_mistake_in_a_template_is_told_and_costs_no_finding(shop: Shop) -> None:
    shop.edit(TEMPLATE, LIST + "{% if %}\n")
    assert shop.check() == [FOUND]
    assert problems(shop.workspace) == [("syntax", "list.html", 5), ("syntax", "list.html", 5)]
    shop.edit(TEMPLATE, LIST)
    assert problems(shop.workspace) == []


def test_files_that_are_no_templates_of_djangos_are_not_judged(shop: Shop) -> None:
    wrong = "{% if %}{{ a ? b : c }}{% raw %}"
    shop.write(
        **{
            "frontend/app.html": wrong,
            "shop/static/shop/app.html": wrong,
            "shop/jinja2/page.html": wrong,
            "shop/templates/page.jinja": wrong,
            "shop/templates/ansible.yml": "{%- set x = 1 %}{{ a b }}",
            "notinstalled/templates/page.html": wrong,
            "shop/templates/spa.html": "{% verbatim %}{{ a ? b : c }}{% endverbatim %}",
        }
    )
    assert shop.check() == [FOUND]
    assert problems(shop.workspace) == []
    assert shop.workspace.findings(shop.path("frontend/app.html")) == []


def test_a_template_that_cannot_be_read_is_told(shop: Shop) -> None:
    (shop.root / "shop/templates/latin.html").write_bytes(b"\xe9{% if %}")
    assert ("unreadable", "latin.html", 0) in problems(shop.workspace)


# --- comments --------------------------------------------------------------------------------------------

IGNORE = f"{{# djguide: ignore[{CODE}] #}}"
SILENT = {
    "line": LIST.replace("</li>", f"</li>{IGNORE}"),
    "other words": LIST.replace("</li>", f"</li>{{# djguide: ignore[{CODE}] -- few #}}"),
    "block": LIST.replace("books %}", f"books %}} {IGNORE}"),
    "outer block": "{% block content %}" + IGNORE + "\n" + LIST + "{% endblock %}\n",
    "own tag": "{% cache 500 list %}" + IGNORE + "\n" + LIST + "{% endcache %}\n",
    "alone above": LIST.replace("  <li>", f"  {IGNORE}\n  <li>"),
    "alone above a block": LIST.replace("{% for", f"{IGNORE}\n{{% for"),
    "alone, html between": LIST.replace("  <li>", f"{IGNORE}\n<!-- why -->\n  <li>"),
    "alone above a branch": f"{{% if a %}}\n{IGNORE}\n{{% elif b %}}{{{{ book }}}}\n{{% endif %}}\n",
    "file": f"{{# djguide: ignore-file[{CODE}] #}}\n{LIST}",
}


@pytest.mark.parametrize("name", SILENT)
def test_silent(tmp_path: Path, with_rule: None, name: str) -> None:
    shop = Shop(tmp_path / "shop", {**PROJECT, TEMPLATE: SILENT[name]})
    assert shop.check() == []
    shop.change(TEMPLATE, SILENT[name].replace("djguide", "guide"))
    assert [line.split()[1] for line in shop.check()] == [CODE]


LOUD = {
    "another line": LIST.replace("</ul>", f"</ul>{IGNORE}"),
    "behind the block": LIST.replace("<ul>", "{% if x %}" + IGNORE + "\n{% endif %}"),
    "an html comment": LIST.replace("</li>", f"</li><!-- djguide: ignore[{CODE}] -->"),
    "inside a comment block": LIST.replace("</li>", f"</li>{{% comment %}}{IGNORE}{{% endcomment %}}"),
    "another code": LIST.replace("</li>", "</li>{# djguide: ignore[unused-suppression] #}"),
}


@pytest.mark.parametrize("name", LOUD)
def test_loud(tmp_path: Path, with_rule: None, name: str) -> None:
    shop = Shop(tmp_path / "shop", {**PROJECT, TEMPLATE: LOUD[name]})
    assert any(line.endswith(CODE) for line in shop.check())


UNUSED = {
    LIST + IGNORE + "\n": LIST,
    f"{IGNORE}\n{LIST.replace('book.', 'x.')}": LIST.replace("book.", "x."),
    f"<p>{IGNORE}</p>": "<p></p>",
    f"<p>{{# djguide: ignore[{CODE}, invalid-suppression] #}}": "<p>{# djguide: ignore[invalid-suppression] #}",
}


def of_template(shop: Shop) -> list[Finding]:
    return [f for f in shop.report().findings if f.place.path == shop.path(TEMPLATE)]


@pytest.mark.parametrize("text", UNUSED)
def test_unused_ones_are_told_and_can_be_removed(tmp_path: Path, with_rule: None, text: str) -> None:
    shop = Shop(tmp_path / "shop", {**PROJECT, TEMPLATE: text})
    (finding,) = [finding for finding in of_template(shop) if finding.code == "unused-suppression"]
    (fix,) = finding.fixes
    assert apply_edits(text, fix.edits) == UNUSED[text]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("{# djguide: ignore #}", "Say which rule is meant: `djguide: ignore[code]`"),
        ("{# djguide: ignore[no-such-rule] #}", "There is no rule called `no-such-rule`"),
    ],
)
def test_comments_that_say_nothing(tmp_path: Path, with_rule: None, comment: str, message: str) -> None:
    shop = Shop(tmp_path / "shop", {**PROJECT, TEMPLATE: f"<p> {comment}"})
    (finding,) = of_template(shop)
    assert (finding.code, finding.message, finding.place.range.start) == (
        "invalid-suppression",
        message,
        (0, 4),
    )


def test_comments_in_templates_are_seen_before_anything_is_checked(shop: Shop) -> None:
    shop.edit(TEMPLATE, "{# djguide: ignore #}")
    assert [f.code for f in shop.workspace.findings(shop.path(TEMPLATE))] == ["invalid-suppression"]


def test_comments_in_files_that_are_no_templates_are_nobodys(shop: Shop) -> None:
    shop.write(
        **{"frontend/app.html": "{# djguide: ignore #}", "shop/jinja2/a.html": "{# djguide: ignore #}"}
    )
    assert shop.check() == [FOUND]


def test_ignores_of_paths_hold_in_templates(tmp_path: Path, with_rule: None) -> None:
    shop = Shop(tmp_path / "shop", PROJECT, settings={"per-path-ignores": {"*.html": [CODE]}})
    assert shop.check() == []


def test_a_project_without_templates_is_as_before(tmp_path: Path) -> None:
    assert Shop(tmp_path / "shop").check() == EXPECTED


def test_the_example_has_a_loop(shop: Shop) -> None:
    (project,) = shop.workspace._folder(shop.root.as_posix()).projects()
    source = project.templates.at(shop.path(TEMPLATE))
    assert source is not None
    assert [type(node) for node in source.facts.nodes] == [For]
