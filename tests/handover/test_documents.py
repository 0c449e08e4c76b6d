"""The report: what is in it, and that nothing of a project becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Tree

import pytest

from djguide_analyzers.engine.report import ProjectSummary
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.survey.values import Component, Cost, Feature, Spot, Survey, Template, View
from djguide_server.handover import html, markdown, svg
from djguide_server.handover.document import (
    Document,
    Names,
    concerns,
    cost_told,
    formula,
    in_brief,
    project_document,
    specialist_of,
)
from djguide_server.handover.pictures import MOST, gallery

EVIL = "<script>alert(1)</script>"
PAGE = """# n-plus-one

Loads in a loop.

## Why

One query for each row: `1 + N`
of them.

More.

## When not to follow it
"""


def model(label: str, *relations: tuple[str, str], project: bool = True) -> dict:
    app, _, name = label.partition(".")
    fields = [{"name": "id", "class": "x.BigAutoField", "null": False, "primary_key": True}]
    fields += [{"name": n, "class": "x.ForeignKey", "null": True, "primary_key": False} for n, _ in relations]
    links = [{"name": n, "kind": "fk", "target": target} for n, target in relations]
    return {
        "label": label, "name": name, "app_label": app, "project": project, "file": "a.py", "line": 1,
        "fields": fields, "relations": links,
    }  # fmt: skip


def finding(code: str, practice: str, severity: Severity, line: int, *fixes: Fix) -> Finding:
    place = Place("/shop/views.py", Range(Position(line, 0), Position(line, 4)))
    return Finding(code, practice, severity, Confidence.PROVEN, f"`x` is {EVIL} | bad", place, fixes=fixes)


def document(name: str = EVIL) -> Document:
    spot = Spot("/shop/views.py", 4)
    view = View(
        name, "function", name, spot, ((f"/{name}/", name),), ("GET", "POST"), (), None, name,
        Cost((2, 1), (0, 1)), (Template(name, spot, ((name, name),)),),
    )  # fmt: skip
    api = View(name, "api", name, spot, (), ("POST",), (name,), name)
    survey = Survey(
        "/shop",
        [Component("service", name, name, spot, name)],
        [Feature("caching", name, name, 2, spot)],
        [view, api],
    )
    summary = ProjectSummary("/shop", name, name, None, None, (name,), 1)
    names = Names(lambda path: path.removeprefix("/shop/"))
    models = [
        model(f"{name}.Order", ("customer", f"{name}.Customer")),
        model(f"{name}.Customer"),
        model("b.C"),
    ]
    project = project_document(summary, survey, models, names)
    edit = Edit("/shop/views.py", Range(Position(1, 0), Position(1, 4)), "")
    found = concerns(
        [
            finding("n-plus-one", "queries", Severity.WARNING, 3),
            finding("n-plus-one", "queries", Severity.WARNING, 9, Fix("Load", Safety.SAFE, (edit,))),
            finding("open-door", "security", Severity.ERROR, 5, Fix("Think", Safety.MANUAL)),
        ],
        names,
        lambda code: PAGE,
        lambda code: f"About {code}",
    )
    return Document(
        name, "2026-01-02", "1.0", (project,), (("error", 1), ("warning", 2)), found,
        in_brief([project], found), (name,),
    )  # fmt: skip


class Tags(HTMLParser):
    """Every tag and attribute value of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


# --- contents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "text"),
    [((0,), "0"), ((4,), "4"), ((1, 1), "1 + N"), ((0, 3), "3N"), ((2, 0, 1), "2 + N²"), ((0, 0), "0")],
)
def test_formulas(terms: tuple[int, ...], text: str) -> None:
    assert formula(terms) == text


def test_findings_go_to_specialists_the_severest_first() -> None:
    told = document().concerns
    assert [(c.specialist, c.count) for c in told] == [("Security", 1), ("Performance", 2)]
    (group,) = told[1].groups
    assert (group.code, group.severity, group.fixes) == ("n-plus-one", "warning", "1 applied by --fix")
    assert [place.place.line for place in group.findings] == [4, 10]


def test_practices_of_teams_have_a_specialist_too() -> None:
    assert specialist_of("house-rules") == "Application"


def test_what_a_finding_costs_is_what_its_page_says_first() -> None:
    assert cost_told(PAGE) == "One query for each row: `1 + N` of them."
    assert cost_told("# no page\n") == ""


def test_in_brief() -> None:
    growing, unguarded, severe = document("home").brief
    assert growing == (
        "1 of 1 view runs more queries the more rows there are; "
        "`home` may come to 27 queries with 25 rows in each list."
    )
    assert unguarded == "1 API endpoint takes writes without asking who it is: `home`."
    assert severe == "1 × `open-door`: About open-door."


def test_open_endpoints_that_write_are_told_in_brief() -> None:
    spot = Spot("/shop/api.py", 0)
    survey = Survey("/shop", [], [], [View("Orders", "api", "shop", spot, methods=("GET", "POST"))])
    summary = ProjectSummary("/shop", None, None, None, None, (), 0)
    project = project_document(summary, survey, [], Names(str))
    assert in_brief([project], ()) == (
        "1 API endpoint takes writes without asking who it is: `Orders`.",
        "No findings.",
    )


# --- pictures --------------------------------------------------------------------------------------------


def test_small_projects_have_a_picture_for_each_application() -> None:
    found = gallery([model("a.X", ("y", "b.Y")), model("b.Y"), model("auth.User", project=False)])
    assert found.apps == {"a": 1, "b": 1}
    assert [(link.source, link.target, link.count) for link in found.links] == [("a", "b", 1)]
    assert [(p.title, p.models, p.others) for p in found.pictures] == [
        ("a", ("a.X",), ("b.Y",)),
        ("b", ("b.Y",), ()),
    ]


def test_large_applications_are_drawn_in_groups_and_nothing_is_left_out() -> None:
    models = [model("big.Event"), model("big.Order", ("event", "big.Event")), model("big.Item")]
    models += [model(f"big.E{n}", ("event", "big.Event")) for n in range(60)]
    models += [model(f"big.O{n}", ("order", "big.Order")) for n in range(20)]
    models += [model(f"big.L{n}") for n in range(30)]
    heart, *groups = gallery(models).pictures
    assert heart.models[:2] == ("big.Event", "big.Order")
    shown = [label for picture in groups for label in picture.models]
    assert sorted(shown) == sorted(m["label"] for m in models)
    assert all(len(picture.models) <= MOST for picture in groups)


def test_pictures_are_xml_with_a_title_for_each_model() -> None:
    project = document().projects[0]
    for picture in project.gallery.pictures:
        root = Tree.fromstring(svg.of_models(picture, project.models))
        assert root.get("viewBox")
        texts = [element.text or "" for element in root.iter("title")]
        assert all(any(text.startswith(label) for text in texts) for label in picture.models)


# --- escaping --------------------------------------------------------------------------------------------


def test_names_do_not_become_html() -> None:
    page = Tags(html.render(document()))
    assert "script" not in page.tags
    assert any(EVIL in text for text in page.texts), "it is shown all the same"
    names = {name for name, _ in page.attributes}
    assert not any(name.startswith("on") for name in names)


def test_the_page_asks_the_network_for_nothing() -> None:
    page = Tags(html.render(document("https://example.com")))
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert links and all(value and value.startswith("#") for value in links)
    assert any(name == "content" and "default-src 'none'" in (value or "") for name, value in page.attributes)


def test_characters_that_steer_the_eye_are_replaced() -> None:
    assert "\u202e" not in html.render(document("safe\u202eevil"))


def test_names_do_not_become_markdown() -> None:
    text = markdown.render(document("a|b`c*<i>"))
    for line in text.split("\n"):
        if line.startswith("|"):
            cells = line.replace("\\|", "")
            assert cells.endswith("|")
    outside = re.sub(r"```mermaid\n.*?\n```\n", "", text, flags=re.DOTALL)
    assert "<i>" not in re.sub(r"(?<!\\)`[^`\n]*`", "", outside)
    assert "<i\\>" in outside, "it is shown all the same"


def test_all_parts_are_in_both_forms() -> None:
    for text in (markdown.render(document("shop")), html.render(document("shop"))):
        for part in ("Components", "Key features", "Integration points", "Queries of each view", "Findings"):
            assert part in text
        for part in ("n-plus-one", "2 + N", "27", "applied by --fix", "One query for each row"):
            assert part in text
