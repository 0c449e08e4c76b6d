"""What templates say: tags, expressions, spans."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from template_support import check_spans, node, nodes, source

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.templates import decode, encode, template_facts
from djguide_analyzers.source.positions import Position, Range

EVERYTHING = """\
{% extends "base.html" %}{% load i18n static %}{% load cache from cache %}
{# djguide: ignore[some-code] #}
{% block content %}
  {% for key, order in orders.items|dictsort:"0" reversed %}
    {% if order.user == request.user and not order.paid|default:False %}{{ order.user.name|upper|truncatechars:20 }}
    {% elif order.total not in totals %}{% include tpl with order=order x=_("y") only %}
    {% else %}{% url 'shop:order' order.pk slug=order.slug as link %}{% endif %}
  {% empty %}{% csrf_token %}{% now "Y" as year %}
  {% endfor %}
  {% with total=order.total|add:-1 %}{% cache 500 name order.pk using="x" %}{{ total }}{% endcache %}{% endwith %}
  {% blocktranslate count n=orders|length with a=b.c context "x" trimmed %}
    {{ n }}{% plural %}{{ n }}{% endblocktranslate %}
  {% mytag a.b x=c.d|e as var %}{% thumb im.url "100" %}{{ im.x }}{% endthumb %}
  <form method="post" action="{% url 'x' %}">{% csrf_token %}</form>
  {% regroup orders by user.pk as groups %}{% cycle "a" b as c silent %}{% firstof a b "c" %}
  {% ifchanged a %}{{ a }}{% else %}{{ b }}{% endifchanged %}{% filter upper|cut:" " %}{{ a }}{% endfilter %}
  {% widthratio a b 100 as w %}{% lorem 2 w random %}{% translate "a" context "b" noop %}
  {% autoescape off %}{% spaceless %}{{ "\\"q\\"" }}{% endspaceless %}{% endautoescape %}
  {% verbatim v %}{{ raw }}{% endverbatim v %}{% comment "why" %}{{ gone }}{% endcomment %}
{% endblock content %}
"""


def test_every_span_slices_to_what_its_node_claims():
    facts = template_facts(EVERYTHING)
    assert facts.problems == []
    check_spans(EVERYTHING, facts)


def test_facts_survive_encoding():
    facts = template_facts(EVERYTHING)
    assert decode(encode(facts)) == facts
    with pytest.raises(msgspec.DecodeError):
        decode(b"something else")


def test_nodes_do_not_depend_on_where_their_tags_stand():
    here, there = (
        template_facts("{% if a %}{{ b.c }}{% endif %}"),
        template_facts("x\n <b>{% if a %} {{ b.c }}{% endif %}"),
    )
    assert here.nodes == there.nodes
    assert here.spans != there.spans
    assert here.nodes != template_facts("{% if a %}{{ b.d }}{% endif %}").nodes


def test_walk_visits_every_node_in_order():
    found = [type(n).__name__ for n in ir.walk(template_facts(EVERYTHING).nodes)]
    assert found[:6] == ["Extends", "Load", "Load", "Block", "For", "If"]
    assert found.index("Cache") == found.index("With") + 1
    assert found.count("Output") == EVERYTHING.count("{{") - 2  # one raw, one in a comment


# --- expressions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.user.name", "order.user.name"),
        ("rows.0.1", "rows.0.1"),
        ("x|date:'Y|m'|upper", "x|date:'Y|m'|upper"),
        ('_("text")|upper', "_('text')|upper"),
        ("_('a b')", "_('a b')"),
        (r"'it\'s \\ ok'", r'"it\'s \\ ok"'.replace(r"\'", "'").replace(r"\\", "\\\\")),
        ("12", "12"),
        ("-12", "-12"),
        ("1.5", "1.5"),
        ("True", "True"),
        ("x|add:-1", "x|add:-1"),
        ("x.", "x."),
        ("x  |  upper", "x|upper"),
        ("größe.länge", "größe.länge"),
    ],
)
def test_expression(text: str, expected: str):
    assert node(f"{{{{ {text} }}}}") == ("Output", expected)


def test_constants_have_python_values():
    values = [
        n.value.base.value
        for n in template_facts("{{ 'a' }}{{ 1 }}{{ 1.5 }}{{ 99999999999999999999 }}").nodes
        if isinstance(n, ir.Output) and isinstance(n.value.base, ir.Constant)
    ]
    assert values == ["a", 1, 1.5, None]
    assert type(values[0]) is str


def test_spans_of_lookups_and_filters():
    text = "ab\n  {{ order.user|default:x.y }}"
    facts = template_facts(text)
    (output,) = facts.nodes
    assert isinstance(output, ir.Output)
    base, (used,) = output.value.base, output.value.filters
    assert facts.range_of(output.at) == Range(Position(1, 2), Position(1, 30))
    assert facts.range_of(output.value.at) == Range(Position(1, 5), Position(1, 27))
    assert facts.range_of(base.at) == Range(Position(1, 5), Position(1, 15))
    assert facts.range_of(base.at + 2) == Range(Position(1, 11), Position(1, 15))
    assert facts.range_of(used.at) == Range(Position(1, 16), Position(1, 23))
    assert used.argument is not None
    assert source(text, facts, used.argument.at) == "x.y"
    with pytest.raises(IndexError):
        facts.range_of(1000)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_positions_are_lines_of_any_kind_and_characters(line_end: str):
    text = f"\ufeffé{line_end}😀{{{{ user.name }}}}{line_end}"
    facts = template_facts(text)
    assert facts.range_of(facts.nodes[0].at) == Range(Position(1, 1), Position(1, 16))
    check_spans(text, facts)


def test_long_lines_and_files_keep_their_positions():
    text = "x" * 70_000 + "\n" * 70_000 + "y" * 70_000 + "{{ a }}"
    facts = template_facts(text)
    assert facts.range_of(facts.nodes[0].at) == Range(Position(70_000, 70_000), Position(70_000, 70_007))


# --- tags ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% for a in b %}{% endfor %}", ("For", ["a"], "b", False, [], None)),
        ("{% for a,b , c in d|e:'f' reversed %}{{ a }}{% empty %}{{ b }}{% endfor x %}",
         ("For", ["a", "b", "c"], "d|e:'f'", True, [("Output", "a")], [("Output", "b")])),
        ("{% with a=b.c d='e' %}{{ a }}{% endwith %}", ("With", ["a=b.c", "d='e'"], [("Output", "a")])),
        ("{% with b.c|d as a and e as f %}{% endwith %}", ("With", ["a=b.c|d", "f=e"], [])),
        ("{% include 'a.html' %}", ("Include", "'a.html'", [], False)),
        ("{% include a|b with c=d e=f only %}", ("Include", "a|b", ["c=d", "e=f"], True)),
        ("{% include a only with c=d %}", ("Include", "a", ["c=d"], True)),
        ("{% extends parent %}", ("Extends", "parent")),
        ("{% block a-b %}{{ c }}{% endblock a-b %}", ("Block", "a-b", [("Output", "c")])),
        ("{% load a b.c %}", ("Load", ["a", "b.c"], [])),
        ("{% load a b from c %}", ("Load", ["c"], ["a", "b"])),
        ("{% url 'a:b' c.d|e f=g as h %}", ("Url", "'a:b'", ["c.d|e"], ["f=g"], "h")),
        ("{% regroup a.b|c by d.e as f %}", ("Regroup", "a.b|c", "d.e", "f")),
        ("{% regroup a by 0 as f %}", ("Regroup", "a", "0", "f")),
        ("{% cycle 'a' b.c %}", ("Cycle", ["'a'", "b.c"], None, False)),
        ("{% cycle 'a' b as c %}", ("Cycle", ["'a'", "b"], "c", False)),
        ("{% cycle 'a' b as c silent %}", ("Cycle", ["'a'", "b"], "c", True)),
        ("{% cycle c %}", ("Cycle", [], "c", False)),
        ("{% firstof a b.c 'd' as e %}", ("Firstof", ["a", "b.c", "'d'"], "e")),
        ("{% ifchanged %}{{ a }}{% endifchanged %}", ("Ifchanged", [], [("Output", "a")], None)),
        ("{% ifchanged a.b c %}{% else %}{{ d }}{% endifchanged %}",
         ("Ifchanged", ["a.b", "c"], [], [("Output", "d")])),
        ("{% filter force_escape|cut:' ' %}{{ a }}{% endfilter %}",
         ("FilterBlock", ["force_escape", "cut:' '"], [("Output", "a")])),
        ("{% autoescape off %}{{ a }}{% endautoescape %}", ("Autoescape", False, [("Output", "a")])),
        ("{% spaceless %}{{ a }}{% endspaceless %}", ("Spaceless", [("Output", "a")])),
        ("{% verbatim %}{{ a }}{% if %}{% endverbatim %}", ("Verbatim",)),
        ("{% verbatim x %}{{ a }}{% endverbatim %}{% endverbatim x %}", ("Verbatim",)),
        ("{% csrf_token %}", ("CsrfToken",)),
        ("{% now 'Y m' %}", ("Now", "Y m", None)),
        ("{% now \"Y\" as year %}", ("Now", "Y", "year")),
        ("{% lorem %}", ("Lorem", None, "b", False)),
        ("{% lorem n.m w random %}", ("Lorem", "n.m", "w", True)),
        ("{% widthratio a b.c 100 %}", ("Widthratio", "a", "b.c", "100", None)),
        ("{% widthratio a b 100 as w %}", ("Widthratio", "a", "b", "100", "w")),
        ("{% trans 'a' %}", ("Translate", "'a'", False, None, None)),
        ("{% translate a.b context 'c' noop as d %}", ("Translate", "a.b", True, "'c'", "d")),
        ("{% blocktrans %}{{ a }}{% endblocktrans %}",
         ("BlockTranslate", [], None, None, False, None, [("Output", "a")], None)),
        ("{% blocktranslate with a=b.c d=e count n=f|length context 'g' trimmed asvar h %}"
         "{{ a }}{% plural %}{{ n }}{% endblocktranslate %}",
         ("BlockTranslate", ["a=b.c", "d=e"], "n=f|length", "'g'", True, "h", [("Output", "a")],
          [("Output", "n")])),
        ("{% blocktrans with b as a and d as c count f as n %}{% plural %}{% endblocktrans %}",
         ("BlockTranslate", ["a=b", "c=d"], "n=f", None, False, None, [], [])),
        ("{% cache 500 sidebar request.user.pk x using='c' %}{{ a }}{% endcache %}",
         ("Cache", "500", "sidebar", ["request.user.pk", "x"], "'c'", [("Output", "a")])),
    ],
)  # fmt: skip
def test_tag(text: str, expected: object):
    assert node(text) == expected


@pytest.mark.parametrize(
    ("condition", "terms"),
    [
        ("a", ["a"]),
        ("not a.b|c:1 and d or e", ["<not>", "a.b|c:1", "<and>", "d", "<or>", "e"]),
        ("a not in b", ["a", "<not in>", "b"]),
        ("a  is   not None", ["a", "<is not>", "None"]),
        ("a == 'x y' and b >= 2", ["a", "<==>", "'x y'", "<and>", "b", "<>=>", "2"]),
    ],
)
def test_condition(condition: str, terms: list[str]):
    assert node(f"{{% if {condition} %}}{{% endif %}}") == ("If", [("Branch", terms, [])])


def test_branches():
    text = "{% if a %}{{ b }}{% elif c %}{{ d }}{% elif e %}{% else %}{{ f }}{% endif %}"
    assert node(text) == (
        "If",
        [
            ("Branch", ["a"], [("Output", "b")]),
            ("Branch", ["c"], [("Output", "d")]),
            ("Branch", ["e"], []),
            ("Branch", None, [("Output", "f")]),
        ],
    )
    facts = template_facts(text)
    (found,) = facts.nodes
    assert isinstance(found, ir.If)
    assert found.close is not None
    assert [source(text, facts, branch.at) for branch in found.branches][1:] == [
        "{% elif c %}",
        "{% elif e %}",
        "{% else %}",
    ]
    assert source(text, facts, found.close) == "{% endif %}"


def test_comments_leave_nothing():
    assert nodes("{% comment %}{{ a }}{% if %}{% endblock %}{% endcomment %}{# {{ b }} #}{{ c }}") == [
        ("Output", "c")
    ]


# --- other tags ------------------------------------------------------------------------------------------


def test_unknown_tag():
    assert node("{% image page.photo 'fill-100' class=a.b|c as photo %}") == (
        "Tag", "image", ["page.photo", "'fill-100'", "class=a.b|c", "as", "photo"],
        ["page.photo", "'fill-100'"], ["class=a.b|c"], "photo", None,
    )  # fmt: skip


def test_unknown_tag_keeps_what_it_cannot_read_as_written():
    assert node("{% odd a, {b} c.d x={y} %}") == (
        "Tag",
        "odd",
        ["a,", "{b}", "c.d", "x={y}"],
        ["c.d"],
        [],
        None,
        None,
    )


def test_unknown_tag_with_its_end_is_a_block():
    text = "{% panel a %}{{ b }}{% else %}{{ c }}{% endpanel a %}"
    body = [("Output", "b"), ("Tag", "else", [], [], [], None, None), ("Output", "c")]
    assert node(text) == ("Tag", "panel", ["a"], ["a"], [], None, body)


def test_tags_that_are_blocks_only_at_times():
    text = "{% if a %}{% slot x %}{% else %}{% slot y or %}{{ b }}{% endslot %}{% endif %}"
    (first, second) = node(text)[1]
    assert first[2] == [("Tag", "slot", ["x"], ["x"], [], None, None)]
    assert second[2] == [("Tag", "slot", ["y", "or"], ["y", "or"], [], None, [("Output", "b")])]


def test_tag_of_django_that_another_library_made_a_block():
    assert node("{% include 'a' %}{{ b }}{% endinclude %}")[0] == "Tag"


def test_end_tags_nobody_knows_are_tags():
    assert [n[1] for n in nodes("{% panel %}{% end_panel %}{% endless %}")] == [
        "panel",
        "end_panel",
        "endless",
    ]


@pytest.mark.parametrize(
    "name", ["debug", "templatetag", "resetcycle", "querystring", "static", "get_static_prefix"]
)
def test_tags_without_a_class_are_generic(name: str):
    assert node(f"{{% {name} a as b %}}") == ("Tag", name, ["a", "as", "b"], ["a"], [], "b", None)


# --- Django ----------------------------------------------------------------------------------------------


def test_django_is_neither_imported_early_nor_configured():
    script = """
import sys
from djguide_analyzers.facts.templates import template_facts
assert "django" not in sys.modules
assert template_facts("{% if a %}{{ _('b')|date:'Y' }}{% endif %}").problems == []
from django.conf import settings
from django.apps import apps
assert not settings.configured and not apps.ready
"""
    environment = {"DJANGO_SETTINGS_MODULE": "no.such.module", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
