"""Where outputs stand in the HTML, forms, and comments that speak to djguide."""

from __future__ import annotations

import pytest
from template_support import check_spans, source

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.templates import template_facts


def places(text: str) -> list[str]:
    return [node.html for node in ir.walk(template_facts(text).nodes) if isinstance(node, ir.Output)]


def forms(text: str) -> list[ir.Form]:
    facts = template_facts(text)
    check_spans(text, facts)
    return facts.forms


# --- places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ a }}<p>{{ a }}</p>{{ a }}", ["text"] * 3),
        ("<p {{ a }} class='{{ a }}' id={{ a }} x>{{ a }}", ["tag", "quoted", "unquoted", "text"]),
        ("<p id={{ a }}-{{ a }}>{{ a }}", ["unquoted", "unquoted", "text"]),
        ('<p class = "a > {{ a }}">{{ a }}', ["quoted", "text"]),
        ("<script>if (a < b) { '<p>' } {{ a }}</script>{{ a }}", ["script", "text"]),
        ("<SCRIPT src='{{ a }}' async>{{ a }}</SCRIPT >{{ a }}", ["quoted", "script", "text"]),
        ("<script>'</scripts>' {{ a }}</script\n>{{ a }}", ["script", "text"]),
        ("<script>{% if b %}{{ a }}{% endif %}</script>{{ a }}", ["script", "text"]),
        ("<style>p { color: {{ a }} }</style>{{ a }}", ["style", "text"]),
        ("<!-- <script> {{ a }} --> {{ a }}", ["comment", "text"]),
        ("a < b {{ a }} <3 {{ a }} x > y {{ a }}", ["text"] * 3),
        ('<p class="{% if b %}x{% else %}y{% endif %}">{{ a }}', ["text"]),
        ("<p{% if b > c %} class='d'{% endif %}>{{ a }}", ["text"]),
        ("<p title=it's>{{ a }}</p>it's {{ a }}", ["text", "text"]),
        ("{% comment %}<script>{% endcomment %}{{ a }}{# <script> #}{{ a }}", ["text", "text"]),
        ("{% verbatim %}<script>{{ a }}{% endverbatim %}{{ a }}</script>{{ a }}", ["script", "text"]),
        ("<script-like>{{ a }}</script-like>", ["text"]),
        ("<script>{{ a }}", ["script"]),
    ],
)
def test_place_of_an_output(text: str, expected: list[str]):
    assert places(text) == expected


# --- forms -----------------------------------------------------------------------------------------------


def test_form():
    text = (
        '<FORM class="x" METHOD="Post" action="{% url \'a\' b.c %}?n={{ n }}"'
        "\n enctype=multipart/form-data>x</Form>"
    )
    (form,) = forms(text)
    assert (form.method, form.enctype, form.csrf) == ("Post", "multipart/form-data", False)
    assert form.action == "{% url 'a' b.c %}?n={{ n }}"
    facts = template_facts(text)
    assert source(text, facts, form.at) == text[: text.index(">x") + 1]
    assert form.close is not None
    assert source(text, facts, form.close) == "</Form>"


@pytest.mark.parametrize(
    ("attributes", "method", "action"),
    [
        ("", None, None),
        ("method", "", None),
        ("novalidate method=post", "post", None),
        ("method={{ m }} action", "{{ m }}", ""),
        ("action= '' method = \"get\"", "get", ""),
        ("data-method='post' x-action=y", None, None),
        ("{% if a %}method='post'{% else %}method='get'{% endif %} action=.", "post", "."),
        ("{{ attributes }}method='post'", "post", None),
        ("data-{{ x }}='action' method='post'", "post", None),
        ("action='/a?b=c&amp;method=d'", None, "/a?b=c&amp;method=d"),
        ("action=/a/b/ method=post", "post", "/a/b/"),
    ],
)
def test_attributes_of_a_form(attributes: str, method: str | None, action: str | None):
    (form,) = forms(f"<form {attributes}></form>")
    assert (form.method, form.action) == (method, action)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<form>{% csrf_token %}</form><form></form>", [True, False]),
        ("<form></form>{% csrf_token %}<form></form>", [False, False]),
        ("<form>{% if a %}{% csrf_token %}{% endif %}</form>", [True]),
        ('<form><input name="csrfmiddlewaretoken" value="{{ csrf_token }}"></form>', [True]),
        ('<form hx-headers=\'{"X-CSRFToken": "{{ csrf_token }}"}\'></form>', [True]),
        ("<form>{{ csrf_tokens }}{{ csrf_token.x }}{# {% csrf_token %} #}</form>", [False]),
        ("<form>{% comment %}{% csrf_token %}{% endcomment %}</form>", [False]),
        ("<form>{% csrf_token %}", [True]),
        (
            "{% if a %}<form action=a>{% else %}<form action=b>{% endif %}{% csrf_token %}</form>",
            [True, True],
        ),
    ],
)
def test_token_inside_of_a_form(text: str, expected: list[bool]):
    assert [form.csrf for form in forms(text)] == expected


def test_forms_in_branches_share_their_end():
    text = "{% if a %}<form action=a>{% else %}<form action=b>{% endif %}</form>"
    facts = template_facts(text)
    assert [source(text, facts, form.close or 0) for form in facts.forms] == ["</form>", "</form>"]


def test_form_without_its_end():
    text = "<form method=post>{{ a }}"
    (form,) = forms(text)
    assert form.close is None
    assert source(text, template_facts(text), form.at) == "<form method=post>"
    text = "<p><form method='post"
    (form,) = forms(text)
    assert source(text, template_facts(text), form.at) == "<form method='post"


@pytest.mark.parametrize(
    "text", ["<formula>", "</form>", "<!-- <form> -->", "<script>'<form>'</script>", "< form>"]
)
def test_no_form(text: str):
    assert forms(text) == []


# --- comments --------------------------------------------------------------------------------------------


def test_comments_to_djguide():
    text = (
        "{# djguide: ignore-file[a-b] #}\r\n"
        "  {{ a }}{#djguide:ignore[c, d]#}\r\n"
        "😀 {# an ordinary comment #}{# DjGuide : ignore[e] #} x\r\n"
        "{% comment %}{# djguide: ignore[f] #}{% endcomment %}"
        "{% verbatim %}{# djguide: ignore[g] #}{% endverbatim %}\r\n"
        "\t{# djguide: ignore[h] #}  "
    )
    found = [(c.line, c.column, c.text, c.alone) for c in template_facts(text).comments]
    assert found == [
        (0, 0, "{# djguide: ignore-file[a-b] #}", True),
        (1, 9, "{#djguide:ignore[c, d]#}", False),
        (2, 27, "{# DjGuide : ignore[e] #}", False),
        (4, 1, "{# djguide: ignore[h] #}", True),
    ]
