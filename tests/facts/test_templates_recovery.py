"""Broken templates: what is reported, what is kept, and that nothing ever raises."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import django
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from template_support import check_spans, plain, problems

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.templates import decode, encode, template_facts


def recovered(text: str) -> tuple[list[object], list[tuple[int, int]]]:
    """The nodes of `text` and where its problems are."""
    facts = template_facts(text)
    check_spans(text, facts)
    return plain(facts.nodes), [(p.line, p.column) for p in facts.problems]


A, B, C = ("Output", "a"), ("Output", "b"), ("Output", "c")


# --- blocks ----------------------------------------------------------------------------------------------


def test_unclosed_block_ends_where_its_parent_ends():
    nodes, places = recovered("{% block x %}{{ a }}\n{% for b in c %}{{ b }}{% endblock %}{{ c }}")
    assert nodes == [("Block", "x", [A, ("For", ["b"], "c", False, [B], None)]), C]
    assert places == [(1, 0)]


def test_unclosed_block_at_the_end_of_the_file():
    assert recovered("{{ a }}{% if b %}{{ b }}") == ([A, ("If", [("Branch", ["b"], [B])])], [(0, 7)])


def test_unclosed_block_ends_at_the_next_branch_of_its_parent():
    nodes, places = recovered("{% if a %}{% with x=y %}{{ a }}{% else %}{{ b }}{% endif %}{{ c }}")
    assert nodes == [("If", [("Branch", ["a"], [("With", ["x=y"], [A])]), ("Branch", None, [B])]), C]
    assert places == [(0, 10)]


def test_end_without_a_beginning_is_dropped():
    assert recovered("{{ a }}{% endif %}{{ b }}{% endcomment %}{{ c }}") == ([A, B, C], [(0, 7), (0, 25)])


def test_crossed_blocks():
    nodes, places = recovered("{% if a %}{% for b in c %}{{ b }}{% endif %}{{ c }}{% endfor %}")
    assert nodes == [("If", [("Branch", ["a"], [("For", ["b"], "c", False, [B], None)])]), C]
    assert places == [(0, 10), (0, 51)]


@pytest.mark.parametrize(
    "text",
    [
        "{% else %}",
        "{% empty %}",
        "{% elif x %}",
        "{% plural %}",
        "{% with a=b %}{% else %}{% endwith %}",
        "{% if a %}{% else %}{% else %}{% endif %}",
        "{% if a %}{% else %}{% elif b %}{% endif %}",
        "{% for a in b %}{% empty %}{% empty %}{% endfor %}",
        "{% if a %}{% with b=c %}{% else %}{% endwith %}{% endif %}",
        "{% blocktrans %}{% plural %}{% endblocktrans %}",
        "{% blocktrans count a=b %}{{ a }}{% endblocktrans %}",
        "{% if a %}{% else if b %}{% endif %}",
        "{% if a %}{% endif a %}",
        "{% block a %}{% endblock b %}",
        "{% blocktrans %}{% trans 'a' %}{% endblocktrans %}",
        "{% blocktrans %}{# a #}{% endblocktrans %}",
        "{% blocktrans %}{% comment %}{% endcomment %}{% endblocktrans %}",
    ],
)
def test_one_problem(text: str):
    assert len(problems(text)) == 1


def test_verbatim_without_its_end_loses_only_itself():
    text = "{% verbatim %}{{ a }}{% verbatim x %}{{ b }}{% endverbatim %}{{ c }}"
    nodes, places = recovered(text)
    assert nodes == [("Verbatim",), C]
    assert places == []
    nodes, places = recovered("{% if c %}{% verbatim x %}{{ a }}{% endverbatim %}{{ b }}{% endif %}{{ c }}")
    assert nodes == [("If", [("Branch", ["c"], [("Verbatim",), A, B])]), C]
    assert places == [(0, 10), (0, 33)]


def test_comment_without_its_end_loses_only_itself():
    assert recovered("{% comment %}{{ a }}") == ([A], [(0, 0)])


def test_verbatim_without_its_end_in_a_comment():
    assert recovered("{% comment %}{% verbatim %}{% endcomment %}{{ a }}") == ([A], [(0, 13)])
    assert recovered("{% comment %}{% verbatim %}{% endverbatim %}{% endcomment %}{{ a }}") == ([A], [])


def test_deep_nesting_is_dissolved():
    text = (
        "{% if a %}{% for b in c %}" * 3000
        + "{{ d }}{% empty %}{{ e }}"
        + "{% endfor %}{% endif %}" * 3000
        + "{{ f }}"
    )
    facts = template_facts(text)
    assert [p.message for p in facts.problems] == ["Blocks are nested too deeply to be analysed"]
    assert decode(encode(facts)) == facts
    outputs = [plain(node)[1] for node in ir.walk(facts.nodes) if isinstance(node, ir.Output)]
    assert outputs == ["d", "e", "f"]


def test_condition_nested_too_deeply():
    assert len(problems("{% if " + "not " * 5000 + "a %}{% endif %}")) == 1


# --- single tags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{{ }}", 0),
        ("{{ a b }}", 4),
        ("{{ a.b|}}", 6),
        ("{{ a|b: }}", 6),
        ("{{ |a }}", 3),
        ("{{ a._b }}", 3),
        ("{{ 'a }}", 3),
        ("{{ a|b:_c }}", 7),
        ("{% %}", 0),
        ("{% url 'a' b| %}", 12),
        ("{% if a b %}{% endif %}", 6),
        ("{% if %}{% endif %}", 0),
        ("{% if a == %}{% endif %}", 6),
        ("{% if a and b| %}{% endif %}", 13),
        ("{% for a of b %}{% endfor %}", 0),
        ("{% for a, in b %}{% endfor %}", 9),
        ("{% for a b in c %}{% endfor %}", 7),
        ("{% for in a %}{% endfor %}", 0),
        ("{% with %}{% endwith %}", 0),
        ("{% with a=b c %}{% endwith %}", 12),
        ("{% include %}", 0),
        ("{% include a with %}", 0),
        ("{% include a b=c %}", 13),
        ("{% include a only only %}", 18),
        ("{% extends a b %}", 0),
        ("{% block %}{% endblock %}", 0),
        ("{% autoescape maybe %}{% endautoescape %}", 14),
        ("{% filter safe %}{% endfilter %}", 0),
        ("{% cycle a b as c loud %}", 18),
        ("{% regroup a by b %}", 0),
        ("{% now %}", 0),
        ("{% widthratio a b %}", 0),
        ("{% trans 'a' as %}", 13),
        ("{% trans 'a' context noop %}", 13),
        ("{% trans 'a' with b %}", 13),
        ("{% blocktrans with %}{% endblocktrans %}", 14),
        ("{% blocktrans count %}{% endblocktrans %}", 14),
        ("{% cache 500 %}{% endcache %}", 0),
        ("{% lorem 1 2 w %}", 0),
    ],
)
def test_position_of_a_problem(text: str, column: int):
    assert [(line, where) for line, where, _ in problems("\r\n{{ a }}" + text)] == [(1, 7 + column)]


def test_output_that_cannot_be_read_loses_only_itself():
    assert recovered("{{ a }}{{ x y }}{{ b }}") == ([A, B], [(0, 11)])


def test_block_that_cannot_be_read_keeps_its_body():
    nodes, places = recovered("{% for x of y.z %}{{ a }}{% empty %}{{ b }}{% endfor %}{{ c }}")
    empty = ("Tag", "empty", [], [], [], None, None)
    assert nodes == [("Tag", "for", ["x", "of", "y.z"], ["x", "of", "y.z"], [], None, [A, empty, B]), C]
    assert places == [(0, 0)]


def test_condition_that_cannot_be_read_keeps_the_branches():
    nodes, places = recovered("{% if a = b %}{{ a }}{% elif %}{{ b }}{% else %}{{ c }}{% endif %}")
    assert nodes == [("If", [("Branch", [], [A]), ("Branch", [], [B]), ("Branch", None, [C])])]
    assert places == [(0, 6), (0, 21)]


def test_translated_blocks_do_not_read_their_outputs():
    assert problems("{% blocktrans %}{{ a b }}{{ }}{% endblocktrans %}") == []


def test_half_a_character():
    facts = template_facts("\ud800{{ '\udfff' }}")
    assert plain(facts.nodes) == [("Output", "'\ufffd'")]
    assert decode(encode(facts)) == facts


# --- any text --------------------------------------------------------------------------------------------

_PIECES = [
    "{% if a %}", "{% elif b|c %}", "{% else %}", "{% endif %}", "{% for x in y.z %}", "{% empty %}",
    "{% endfor %}", "{% block b %}", "{% endblock %}", "{% with a=b c=d %}", "{% endwith %}",
    "{% comment %}", "{% endcomment %}", "{% verbatim %}", "{% verbatim x %}", "{% endverbatim %}",
    "{% endverbatim x %}", "{% panel a %}", "{% endpanel %}", "{% blocktrans count n=a.b %}",
    "{% plural %}", "{% endblocktrans %}", "{% else", "{{ a.b|c:'d' }}", "{{ a", "}}", "%}", "{%", "{{",
    "{#", "#}", "{# djguide: ignore[a] #}", "<form method='post'", "<form action=", "</form>", ">",
    "<script>", "</script>", "<!--", "-->", '<p class="', '"', "'", "=", "\n", "\r\n", "\r", " ", "_('",
    "')", "|", ".", ":", "\u00e9", "\U0001f600", "\ufeff", "\u2028", "\u000b", "{% end %}",
    "{% endend %}", "{% endelse %}", "{% filter a|b %}", "{% cycle", "{% include 'a' with b=c only %}",
    "{% url 'x' y as z %}", "{% csrf_token %}", "{{ csrf_token }}", "-1e5", "as", "in",
]  # fmt: skip


@cache
def _templates() -> list[str]:
    folder = Path(django.__file__).parent / "contrib" / "admin" / "templates"
    return [path.read_text("utf-8") for path in sorted(folder.rglob("*.html"))]


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A template of Django's admin with some stretches removed, repeated, or replaced."""
    text = draw(st.sampled_from(_templates()))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 60)))
        text = text[:start] + draw(st.sampled_from([*_PIECES, "", text[start:end] * 2])) + text[end:]
    return text


def _check(text: str) -> None:
    facts = template_facts(text)
    check_spans(text, facts)
    assert decode(encode(facts)) == facts
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in facts.problems:
        assert 0 <= problem.column <= len(lines[problem.line])
    for comment in facts.comments:
        assert lines[comment.line][comment.column :].startswith(comment.text)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text(text: str):
    _check(text)


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
@settings(deadline=None, max_examples=300)
def test_any_pieces_of_templates(text: str):
    _check(text)


@given(_mutated())
@settings(deadline=None, max_examples=150)
def test_any_damage_to_a_template(text: str):
    _check(text)
