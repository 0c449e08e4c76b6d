"""Tag libraries, compared with what a real Django registers."""

from __future__ import annotations

from pathlib import Path

import pytest
from template_projects import oracle, project_of, settings

from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.templates import FilterFunction, Library, TagFunction, Templates

CONTRIB = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
    "django.contrib.humanize", "django.contrib.staticfiles", "django.contrib.flatpages", "django.contrib.sites",
]  # fmt: skip
HEAD = """\
from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()

"""
OWN = (
    HEAD
    + """
import helpers
from helpers import imported, shown as renamed

NAME = "by_constant"


@register.simple_tag
def plain(a): ...


@register.simple_tag(takes_context=True)
def with_context(context, a): ...


@register.simple_tag(name="renamed_tag")
def original(): ...


@register.simple_tag(name=NAME)
def constant(): ...


@register.inclusion_tag("shop/box.html")
def box(): ...


@register.inclusion_tag(filename="shop/named.html", takes_context=True, name="named_box")
def box_by_keyword(context): ...


@register.tag
def node(parser, token): ...


@register.tag("node_by_name")
def node_with_name(parser, token): ...


@register.tag(name="node_by_keyword")
def node_with_keyword(parser, token): ...


def compiled(parser, token): ...


register.tag("node_by_call", compiled)
register.tag(compiled)
register.tag("node_by_keyword_call", compile_function=compiled)
register.tags["node_by_item"] = compiled


class Compiled:
    @classmethod
    def handle(cls, parser, token): ...

    def __init__(self, parser, token): ...


register.tag("node_by_method", Compiled.handle)
register.tag("node_by_class", Compiled)


@register.filter
def lower_it(value): ...


@register.filter(is_safe=True)
@stringfilter
def safe_one(value): ...


@register.filter("filter_by_name", needs_autoescape=True)
def filter_with_name(value, autoescape=True): ...


@register.filter(name="filter_by_keyword", expects_localtime=True)
def filter_with_keyword(value): ...


def cut(value): ...


register.filter("filter_by_call", cut)
register.filter(cut)
register.filter("filter_by_import", imported)
register.filter("filter_by_module", helpers.imported)
register.simple_tag(cut, name="simple_by_call")
register.simple_tag(func=cut)
renamed = register.inclusion_tag("shop/shown.html")(renamed)
imported = register.simple_tag(imported)

if NAME:

    @register.simple_tag
    def in_a_branch(): ...


try:
    import nothing_like_it
except ImportError:

    @register.filter
    def in_a_handler(value): ...


@register.simple_tag
@register.filter
def twice(value): ...


@register.simple_tag
def again(): ...


@register.simple_tag
def again(): ...  # noqa: F811


other = template.Library()


@other.simple_tag
def of_another_library(): ...


@register.filter_function
def by_function(value): ...
"""
)
HELPERS = "def imported(value): ...\n\n\ndef shown(): ...\n"
FILES = {
    "helpers.py": HELPERS,
    "shop/templatetags/__init__.py": "",
    "shop/templatetags/own.py": OWN,
    "shop/templatetags/twice.py": HEAD + "@register.simple_tag\ndef of_shop(): ...\n",
    "shop/templatetags/inner/__init__.py": "",
    "shop/templatetags/inner/deep.py": HEAD + "@register.filter\ndef deep(value): ...\n",
    "shop/templatetags/no_library.py": "x = 1\n",
    "shop/templatetags/shared.py": "from shop.templatetags.own import register\n",
    "blog/templatetags/__init__.py": "",
    "blog/templatetags/twice.py": HEAD + "@register.simple_tag\ndef of_blog(): ...\n",
    "shop/extra_tags.py": HEAD + "@register.simple_tag\ndef extra(): ...\n",
    "shop/built.py": HEAD
    + "@register.simple_tag\ndef built(): ...\n\n@register.filter\ndef length(value): ...\n",
    "shop/context.py": "def cart(request):\n    return {}\n",
}
ENGINE = (
    '"APP_DIRS": True, "OPTIONS": {"libraries": {"extra": "shop.extra_tags", "i18n": "shop.extra_tags"},'
    ' "builtins": ["shop.built"], "context_processors": ["django.template.context_processors.request",'
    ' "shop.context.cart", "django.contrib.auth.context_processors.auth"]}'
)
SETTINGS = settings(ENGINE, apps=["shop", "blog", *CONTRIB])


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return project_of(tmp_path, FILES, SETTINGS).templates


def named(library: Library) -> list[list[str]]:
    return [sorted(library.tags), sorted(library.filters)]


def test_libraries_hold_what_django_registers(templates: Templates, tmp_path: Path) -> None:
    expected = oracle(tmp_path, [])
    libraries = {name: templates.tag_library(name) for name in expected["libraries"]}
    assert {name: named(found) for name, found in libraries.items() if found} == expected["libraries"]
    assert [named(found) for found in templates.builtins()] == expected["builtins"]
    assert [found.dotted for found in templates.context_processors()] == expected["processors"]


def test_every_function_of_django_is_found(templates: Templates) -> None:
    names = [
        "i18n",
        "l10n",
        "tz",
        "cache",
        "static",
        "admin_list",
        "admin_modify",
        "admin_urls",
        "humanize",
        "log",
    ]
    libraries = [*templates.builtins(), *(found for name in names if (found := templates.tag_library(name)))]
    entries = [entry for found in libraries for entry in [*found.tags.values(), *found.filters.values()]]
    assert len(entries) > 100
    assert [entry.name for entry in entries if entry.function is None] == []


def tag(templates: Templates, name: str, library: str = "own") -> TagFunction:
    found = templates.tag_library(library)
    assert found is not None
    return found.tags[name]


def filter_(templates: Templates, name: str) -> FilterFunction:
    found = templates.tag_library("own")
    assert found is not None
    return found.filters[name]


@pytest.mark.parametrize(
    ("name", "kind", "function", "takes_context", "template"),
    [
        ("plain", "simple", "plain", False, None),
        ("with_context", "simple", "with_context", True, None),
        ("renamed_tag", "simple", "original", False, None),
        ("by_constant", "simple", "constant", False, None),
        ("box", "inclusion", "box", False, "shop/box.html"),
        ("named_box", "inclusion", "box_by_keyword", True, "shop/named.html"),
        ("node", "node", "node", False, None),
        ("node_by_name", "node", "node_with_name", False, None),
        ("node_by_keyword", "node", "node_with_keyword", False, None),
        ("node_by_call", "node", "compiled", False, None),
        ("compiled", "node", "compiled", False, None),
        ("node_by_keyword_call", "node", "compiled", False, None),
        ("node_by_item", "node", "compiled", False, None),
        ("node_by_method", "node", "Compiled.handle", False, None),
        ("node_by_class", "node", "Compiled", False, None),
        ("simple_by_call", "simple", "cut", False, None),
        ("shown", "inclusion", "helpers.shown", False, "shop/shown.html"),
        ("imported", "simple", "helpers.imported", False, None),
        ("twice", "simple", "twice", False, None),
    ],
)
def test_tags(
    templates: Templates, name: str, kind: str, function: str, takes_context: bool, template: str | None
) -> None:
    found = tag(templates, name)
    assert isinstance(found.function, (FunctionInfo, ClassInfo))
    dotted = function if function.startswith("helpers.") else f"shop.templatetags.own.{function}"
    assert (found.kind, found.function.dotted) == (kind, dotted)
    assert (found.takes_context, found.template) == (takes_context, template)
    assert (found.library, found.is_django) == ("shop.templatetags.own", False)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("lower_it", "shop.templatetags.own.lower_it"),
        ("safe_one", "shop.templatetags.own.safe_one"),
        ("filter_by_name", "shop.templatetags.own.filter_with_name"),
        ("filter_by_keyword", "shop.templatetags.own.filter_with_keyword"),
        ("filter_by_call", "shop.templatetags.own.cut"),
        ("cut", "shop.templatetags.own.cut"),
        ("filter_by_import", "helpers.imported"),
        ("filter_by_module", "helpers.imported"),
    ],
)
def test_filters(templates: Templates, name: str, function: str) -> None:
    found = filter_(templates, name)
    assert found.function is not None
    assert found.function.dotted == function


def test_flags_of_filters(templates: Templates) -> None:
    assert filter_(templates, "filter_by_name").needs_autoescape
    assert filter_(templates, "filter_by_keyword").expects_localtime
    assert not filter_(templates, "lower_it").needs_autoescape


def test_functions_are_those_of_the_module(templates: Templates) -> None:
    """The same objects: whatever is known of a function is kept by identity."""
    library = templates.tag_library("own")
    assert library is not None
    functions = {id(found) for found in library.module.functions()}
    assert id(tag(templates, "plain").function) in functions
    assert tag(templates, "again").function is library.module.symbols.get("again")


def test_blocks_with_content(tmp_path: Path) -> None:
    """`simple_block_tag` came with Django 5.2; the words are the same whatever Django is installed."""
    text = HEAD + (
        "@register.simple_block_tag\ndef chapter(content): ...\n\n"
        '@register.simple_block_tag(end_name="stop", takes_context=True)\ndef part(context, content): ...\n'
    )
    files = {"shop/templatetags/__init__.py": "", "shop/templatetags/own.py": text}
    templates = project_of(tmp_path, files, settings()).templates
    chapter, part = tag(templates, "chapter"), tag(templates, "part")
    assert (chapter.kind, chapter.end_name, chapter.takes_context) == ("block", "endchapter", False)
    assert (part.kind, part.end_name, part.takes_context) == ("block", "stop", True)


@pytest.mark.parametrize(
    "text",
    [
        "@register.simple_tag(**options)\ndef x(): ...\n",
        "@register.simple_tag(name=compute())\ndef x(): ...\n",
        "for x in names:\n    register.filter(x, make(x))\n",
        "register.filter(make())\n",
        "register.tag()\n",
        "register.other(x)\n",
        "register.tags[compute()] = f\n",
        "@register\ndef x(): ...\n",
        "@other.simple_tag\ndef x(): ...\n",
    ],
)
def test_what_is_not_told_is_left_out(tmp_path: Path, text: str) -> None:
    files = {"shop/templatetags/__init__.py": "", "shop/templatetags/own.py": HEAD + text}
    library = project_of(tmp_path, files, settings()).templates.tag_library("own")
    assert library is not None
    assert named(library) == [[], []]


def test_functions_nobody_finds_still_have_their_names(tmp_path: Path) -> None:
    text = (
        HEAD
        + "import gone\nregister.filter('a', gone.a)\nregister.simple_tag(gone.b)\n"
        + "register.filter('c', lambda x: x)\n"
    )
    files = {"shop/templatetags/__init__.py": "", "shop/templatetags/own.py": text}
    library = project_of(tmp_path, files, settings()).templates.tag_library("own")
    assert library is not None
    assert named(library) == [["b"], ["a", "c"]]
    assert (
        library.filters["a"].function is library.tags["b"].function is library.filters["c"].function is None
    )


def test_a_library_that_is_not_there(templates: Templates) -> None:
    assert templates.tag_library("nowhere") is None
    assert templates.tag_library("no_library") is None


def test_of_two_libraries_of_one_name_the_later_application_wins(templates: Templates) -> None:
    library = templates.tag_library("twice")
    assert library is not None
    assert library.module.name == "blog.templatetags.twice"


SCOPES = {
    "{% load own %}": ("plain", True),
    "{% load own twice %}": ("of_blog", True),
    "{% load with_context box from own %}": ("with_context", True),
    "{% load box from own %}": ("plain", False),
    "{% if x %}{% load own %}{% endif %}": ("plain", True),
    "{% load inner.deep %}": ("plain", False),
    "": ("built", True),
    "{% extends 'loading.html' %}": ("plain", False),
}


@pytest.mark.parametrize("text", SCOPES)
def test_what_a_template_may_use(tmp_path: Path, text: str) -> None:
    files = {**FILES, "shop/templates/a.html": text, "shop/templates/loading.html": "{% load own %}"}
    templates = project_of(tmp_path, files, SETTINGS).templates
    source = templates.find("a.html")
    assert source is not None
    scope = templates.scope(source)
    name, there = SCOPES[text]
    assert (scope.tag(name) is not None) is there
    assert (scope.tags["for"].is_django, scope.missing) == (True, [])


def test_what_is_loaded_hides_what_is_built_in(tmp_path: Path) -> None:
    own = HEAD + "@register.filter\ndef upper(value): ...\n@register.filter\ndef lower(value): ...\n"
    files = {**FILES, "shop/templatetags/case.py": own}
    files["shop/templates/a.html"] = "{% load upper from case %}{% load nothing %}"
    templates = project_of(tmp_path, files, SETTINGS).templates
    source = templates.find("a.html")
    assert source is not None
    scope = templates.scope(source)
    found = {name: scope.filters[name].library for name in ("upper", "lower", "length")}
    assert found == {
        "upper": "shop.templatetags.case",
        "lower": "django.template.defaultfilters",
        "length": "shop.built",
    }
    assert scope.missing == ["nothing"]
