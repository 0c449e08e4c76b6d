"""Django's own template engine as the judge: what it accepts has no problems, and both see the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Engine, TemplateSyntaxError
from django.template.base import FilterExpression
from django.template.base import Variable as DjangoVariable
from hypothesis import example, given, settings
from hypothesis import strategies as st

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.templates import template_facts

# --- the templates that come with Django -----------------------------------------------------------------

_COMPILE = """
import json, pathlib, sys
import django
from django.conf import settings
apps = "admin admindocs auth contenttypes flatpages messages redirects sessions sitemaps sites staticfiles"
settings.configure(INSTALLED_APPS=["django.contrib." + app for app in apps.split()])
django.setup()
from django.template import Engine
from django.template.base import VariableNode
from django.template.backends.django import get_installed_libraries
from django.template import defaulttags, loader_tags
from django.templatetags import i18n
engine = Engine(libraries=get_installed_libraries())
kinds = {"For": defaulttags.ForNode, "If": defaulttags.IfNode, "Include": loader_tags.IncludeNode,
         "Block": loader_tags.BlockNode, "With": defaulttags.WithNode, "Url": defaulttags.URLNode,
         "Translate": i18n.TranslateNode, "BlockTranslate": i18n.BlockTranslateNode,
         "Cycle": defaulttags.CycleNode, "Extends": loader_tags.ExtendsNode, "Load": defaulttags.LoadNode}
result = {}
for path in sorted(pathlib.Path(django.__file__).parent.joinpath("contrib").rglob("templates/**/*")):
    if path.is_file():
        nodes = engine.from_string(path.read_text("utf-8")).nodelist
        counts = {kind: len(nodes.get_nodes_by_type(cls)) for kind, cls in kinds.items()}
        outputs = [node.filter_expression.token for node in nodes.get_nodes_by_type(VariableNode)]
        result[str(path)] = [counts, outputs]
json.dump(result, sys.stdout)
"""


def test_templates_of_django():
    output = subprocess.run(
        [sys.executable, "-c", _COMPILE], check=True, capture_output=True, text=True
    ).stdout
    compiled = json.loads(output)
    assert len(compiled) > 50
    for path, (counts, outputs) in compiled.items():
        text = Path(path).read_text("utf-8")
        facts = template_facts(text)
        assert facts.problems == [], path
        found = list(ir.walk(facts.nodes))
        ours = Counter(type(node).__name__ for node in found)
        assert {kind: ours[kind] for kind in counts} == counts, path
        # Django keeps what stands inside of a translated block as strings, so it is not among its nodes.
        translated = [
            id(node)
            for block in found
            if isinstance(block, ir.BlockTranslate)
            for body in ir.bodies(block)
            for node in body
        ]
        expressions = [
            _written(text, facts, node.value)
            for node in found
            if isinstance(node, ir.Output) and id(node) not in translated
        ]
        assert sorted(expressions) == sorted(outputs), path


def _written(text: str, facts: ir.TemplateFacts, value: ir.Expression) -> str:
    start, end = facts.range_of(value.at)
    assert start.line == end.line
    return text.split("\n")[start.line][start.column : end.column]


# --- expressions -----------------------------------------------------------------------------------------


class _AnyFilter:
    """A parser that knows every filter."""

    def find_filter(self, name: str) -> object:
        def apply(value: object, argument: object = None) -> None:
            """Stand-in for the filter called `name`."""

        apply.__name__ = name
        return apply


_EXPRESSION_PARTS = st.sampled_from(
    ["a", "b1", "_", "x_y", ".", "..", "|", ":", " ", '"', "'", "\\", "_(", ")", "1", "-", "+", "1.5", "2.", "e",
     "é", "'a b'", '"x|y"', "_('t')", "|f", "|g:'x'", "|h:y.z", "None", "٣", "in", "10000000000000000000000"]
)  # fmt: skip


@given(st.lists(_EXPRESSION_PARTS, min_size=1, max_size=8).map("".join))
@example("a.1.b|f:-1|g:_('x')")
@settings(deadline=None, max_examples=600)
def test_expressions_are_read_like_django_reads_them(text: str):
    source = text.strip()
    try:
        expected = FilterExpression(source, _AnyFilter()) if source else None
    except TemplateSyntaxError:
        expected = None
    facts = template_facts(f"{{{{ {text} }}}}")
    assert (facts.problems == []) is (expected is not None)
    if expected is None:
        assert facts.nodes == []
        return
    (node,) = facts.nodes
    assert isinstance(node, ir.Output)
    _same_operand(node.value.base, expected.var)
    assert [used.name for used in node.value.filters] == [
        function.__name__ for function, _ in expected.filters
    ]
    for used, (_, arguments) in zip(node.value.filters, expected.filters, strict=True):
        assert (used.argument is None) is (arguments == [])
        for _, argument in arguments:
            _same_operand(used.argument, argument)


def _same_operand(ours: object, django_value: object) -> None:
    literal = django_value
    if isinstance(django_value, DjangoVariable):
        if django_value.lookups is not None:
            assert isinstance(ours, ir.Variable)
            assert tuple(ours.lookups) == django_value.lookups
            return
        literal = django_value.literal
    assert isinstance(ours, ir.Constant)
    if isinstance(literal, str):
        assert ours.value == literal
    elif isinstance(literal, int) and not -(2**63) <= literal < 2**64:
        assert ours.value is None
    elif isinstance(literal, int | float):
        assert ours.value == literal
    else:
        assert ours.translated  # a lazy translation, whose text needs settings


# --- whole templates -------------------------------------------------------------------------------------

_TAGS = st.sampled_from(
    ["{% if a %}", "{% if a and %}", "{% if not a.b|lower == c %}", "{% elif b %}", "{% else %}",
     "{% endif %}", "{% endif x %}", "{% for x in y %}", "{% for x, y in z reversed %}", "{% for x y in z %}",
     "{% empty %}", "{% endfor %}", "{% with a=b %}", "{% with a as b and c as d %}", "{% with a b %}",
     "{% endwith %}", "{% comment %}", "{% endcomment %}", "{% verbatim %}", "{% endverbatim %}", "{{ a.b|lower }}",
     "{{ a b }}", "{{ }}", "{# x #}", "text", "{% spaceless %}", "{% endspaceless %}", "{% autoescape on %}",
     "{% endautoescape %}", "{% ifchanged %}", "{% ifchanged a %}", "{% endifchanged %}", "{% filter lower %}",
     "{% endfilter %}", "{% blocktranslate %}", "{% blocktranslate count a=b %}", "{% plural %}",
     "{% endblocktranslate %}", "{% translate 'a' as b %}", "{% translate a b %}", "{% cache 5 x a.b %}",
     "{% cache 5 %}", "{% endcache %}", "{% include a with b=c only %}", "{% include a with %}",
     "{% now 'Y' as y %}",
     "{% url 'a' b c=d as e %}", "{% url %}", "{% regroup a by b as c %}", "{% regroup a by 'b' as c %}",
     "{% firstof a 'b' as c %}", "{% widthratio a b 1 as w %}", "{% widthratio a b %}", "{% lorem 2 w random %}",
     "{% lorem a b c %}", "{% csrf_token %}", "{% cycle a 'b' as c silent %}", "{% cycle a 'b' as c loud %}",
     "{% language 'de' %}{% endlanguage %}"]
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(
        libraries={"i18n": "django.templatetags.i18n", "cache": "django.templatetags.cache"},
        builtins=["django.templatetags.i18n", "django.templatetags.cache"],
    )


@given(tags=st.lists(_TAGS, max_size=9))
@example(tags=["{% if a %}", "{% for x in y %}", "{% empty %}", "{% endfor %}", "{% else %}", "{% endif %}"])
@settings(deadline=None, max_examples=600)
def test_problems_are_what_django_refuses(engine: Engine, tags: list[str]):
    text = "".join(tags)
    try:
        engine.from_string(text)
    except (TemplateSyntaxError, ImproperlyConfigured):
        accepted = False  # Django translates one of its messages, and fails at it, as there are no settings
    else:
        accepted = True
    assert (template_facts(text).problems == []) is accepted
