"""Where templates are found and what they name, compared with a real Django where one can be asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from template_projects import HEAD, oracle, project_of, settings, write

from djguide_analyzers.facts.template_ir import Include, walk
from djguide_analyzers.project.templates import Templates, TemplateSource

CONTRIB = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
]
PLACES = {
    "templates/base.html": "project",
    "templates/both.html": "project",
    "templates/registration/login.html": "project",
    "shop/templates/both.html": "shop",
    "shop/templates/twice.html": "shop",
    "shop/templates/shop/deep/list.html": "shop",
    "blog/templates/twice.html": "blog",
    "blog/templates/blog/a b.html": "blog",
    "extra/own.html": "extra",
    "extra/twice.html": "extra",
}
NAMES = [
    "base.html",
    "both.html",
    "twice.html",
    "shop/deep/list.html",
    "blog/a b.html",
    "own.html",
    "registration/login.html",
    "registration/logged_out.html",
    "admin/base_site.html",
    "admin/edit_inline/tabular.html",
    "nowhere.html",
    "shop",
    "shop/deep",
    "../templates/base.html",
    "shop/../base.html",
    "/base.html",
    "",
]


def templates(root: Path, files: dict[str, str], settings_text: str | None = None) -> Templates:
    return project_of(root, files, settings_text).templates


def relative(root: Path, source: TemplateSource | None) -> str | None:
    return source.path.removeprefix(f"{root.as_posix()}/") if source is not None else None


LOADERS = '"DIRS": [BASE_DIR / "templates"], "OPTIONS": {{"loaders": [{}]}}'
ARRANGEMENTS = {
    "folders and applications": settings(apps=["shop", "blog", *CONTRIB]),
    "the other order": settings(apps=[*CONTRIB, "blog", "shop"]),
    "folders only": settings('"DIRS": [BASE_DIR / "templates", BASE_DIR / "extra"]'),
    "applications only": settings('"APP_DIRS": True', apps=["shop", *CONTRIB]),
    "applications are switched off": settings('"DIRS": [BASE_DIR / "extra"], "APP_DIRS": False'),
    "loaders": settings(
        LOADERS.format(
            '"django.template.loaders.app_directories.Loader", "django.template.loaders.filesystem.Loader"'
        )
    ),
    "cached loaders": settings(
        LOADERS.format(
            '("django.template.loaders.cached.Loader", ["django.template.loaders.app_directories.Loader",'
            ' "django.template.loaders.filesystem.Loader"])'
        )
    ),
    "a loader with its own folders": settings(
        LOADERS.format('("django.template.loaders.filesystem.Loader", [BASE_DIR / "extra"])')
    ),
    "no engine": f"{HEAD}INSTALLED_APPS = ['shop']\nTEMPLATES = []\n",
}


@pytest.mark.parametrize("name", [name for name in ARRANGEMENTS if name != "no engine"])
def test_templates_are_found_as_django_finds_them(tmp_path: Path, name: str) -> None:
    found = templates(tmp_path, PLACES, ARRANGEMENTS[name])
    expected = oracle(tmp_path, NAMES)["found"]
    assert {n: source.path if (source := found.find(n)) else None for n in NAMES} == expected
    assert all(source.certain for n in NAMES if (source := found.find(n)))


def test_without_an_engine_there_are_no_templates(tmp_path: Path) -> None:
    found = templates(tmp_path, PLACES, ARRANGEMENTS["no engine"])
    assert found.find("twice.html") is None
    assert found.own_files == ()


def test_without_settings_for_templates_those_of_applications_are_taken(tmp_path: Path) -> None:
    found = templates(tmp_path, PLACES, f"{HEAD}INSTALLED_APPS = ['shop']\n")
    twice = found.find("twice.html")
    assert relative(tmp_path, twice) == "shop/templates/twice.html"
    assert twice is not None
    assert not twice.certain
    assert found.find("base.html") is None


def test_a_source_tells_where_it_comes_from(tmp_path: Path) -> None:
    found = templates(tmp_path, PLACES, settings(apps=["shop", *CONTRIB]))
    base, deep, admin = (found.find(n) for n in ("base.html", "shop/deep/list.html", "admin/base.html"))
    assert base is not None
    assert deep is not None
    assert admin is not None
    assert (base.app, deep.app, admin.app) == (None, "shop", "django.contrib.admin")
    assert (base.origin, deep.origin) == ("project", "project")
    assert admin.origin in ("environment", "bundled")
    assert found.at(deep.path) is deep
    assert found.find("shop/deep/list.html") is deep


def test_what_is_there_once_is_meant_where_applications_are_not_known(tmp_path: Path) -> None:
    known = templates(tmp_path, PLACES, settings(apps=["shop", *CONTRIB]))
    assert known.meant("both.html") is known.find("both.html") is not None
    assert known.meant("shop/none.html") is None
    unknown = templates(tmp_path, PLACES, settings(apps=["shop", *CONTRIB]) + "INSTALLED_APPS += plugins()\n")
    deep = unknown.find("shop/deep/list.html")
    assert deep is not None
    assert not deep.certain
    assert unknown.meant("shop/deep/list.html") is deep
    assert unknown.meant("admin/base.html") is None  # a package's own


def test_of_two_neither_is_meant_where_their_order_is_not_known(tmp_path: Path) -> None:
    found = templates(tmp_path, PLACES, f"{HEAD}INSTALLED_APPS = ['shop', 'blog']\n")
    places = {**PLACES, "blog/models.py": "", "blog/templates/shop/deep/list.html": ""}
    twice = templates(tmp_path / "other", places, f"{HEAD}INSTALLED_APPS = ['shop', 'blog']\n")
    assert found.meant("shop/deep/list.html") is not None
    assert twice.meant("shop/deep/list.html") is None


def test_own_files_are_those_that_django_may_load(tmp_path: Path) -> None:
    files = {
        **PLACES,
        "shop/templates/mail.txt": "",
        "shop/templates/list.jinja2": "",
        "shop/jinja2/a.html": "",
        "uninstalled/__init__.py": "",
        "uninstalled/templates/b.html": "",
        "docs/index.html": "",
        "shop/static/app.html": "",
        "frontend/src/component.html": "",
    }
    found = templates(tmp_path, files)
    assert [path.removeprefix(f"{tmp_path.as_posix()}/") for path in found.own_files] == [
        "blog/templates/blog/a b.html",
        "blog/templates/twice.html",
        "shop/templates/both.html",
        "shop/templates/mail.txt",
        "shop/templates/shop/deep/list.html",
        "shop/templates/twice.html",
        "templates/base.html",
        "templates/both.html",
        "templates/registration/login.html",
    ]
    assert found.at(f"{tmp_path.as_posix()}/docs/index.html") is None
    assert {source.path for source in found.own()} == set(found.own_files)


def test_applications_by_their_configuration_and_without_init(tmp_path: Path) -> None:
    config = "from django.apps import AppConfig\n\nclass Config(AppConfig):\n    name = 'lib.news'\n"
    files = {
        "lib/__init__.py": "",
        "lib/news/__init__.py": "",
        "lib/news/apps.py": config,
        "lib/news/templates/news.html": "",
        "bare/models.py": "",
        "bare/templates/bare.html": "",
    }
    found = templates(tmp_path, files, settings(apps=["lib.news.apps.Config", "bare"]))
    assert relative(tmp_path, found.find("news.html")) == "lib/news/templates/news.html"
    assert relative(tmp_path, found.find("bare.html")) == "bare/templates/bare.html"


JINJA = '{"BACKEND": "django.template.backends.jinja2.Jinja2", "DIRS": [%s], "APP_DIRS": True}'
BACKEND = "django.template.backends.django.DjangoTemplates"
DJANGO = f'{{"BACKEND": "{BACKEND}", "DIRS": [BASE_DIR / "templates"], "APP_DIRS": True}}'


def both(folder: str) -> str:
    return f"{HEAD}INSTALLED_APPS = ['shop']\nTEMPLATES = [{JINJA % folder}, {DJANGO}]\n"


def test_folders_of_other_engines_are_not_djangos(tmp_path: Path) -> None:
    files = {"pages/a.html": "{% raw %}", "templates/b.html": "{% if %}", "shop/jinja2/c.html": ""}
    found = templates(tmp_path, files, both('BASE_DIR / "pages"'))
    assert [Path(path).name for path in found.own_files] == ["b.html"]
    b = found.find("b.html")
    assert b is not None
    assert (b.certain, b.judged) == (True, True)
    assert found.find("a.html") is found.find("c.html") is None


@pytest.mark.parametrize("folder", ['BASE_DIR / "templates"', 'BASE_DIR / "templates" / "jinja2"'])
def test_what_two_engines_read_is_not_judged(tmp_path: Path, folder: str) -> None:
    files = {"templates/jinja2/b.html": "{% if %}"}
    found = templates(tmp_path, files, both(folder)).find("jinja2/b.html")
    assert found is not None
    assert not found.judged


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("{% if %}", True),
        ("{{ a b }}", True),
        ("{% if %}{% raw %}{% endraw %}", False),
        ("{%- if a -%}{{ a b }}{%- endif %}", False),
        ("{{ a b }}{% set x = 1 %}", False),
        ("{% verbatim %}{{ a b }}{% endverbatim %}", True),
        ("{{ a ? b : c }}<div v-if='x'>", True),
    ],
)
def test_texts_that_look_like_another_engines_are_not_judged(tmp_path: Path, text: str, judged: bool) -> None:
    found = templates(tmp_path, {"templates/a.html": text}).find("a.html")
    assert found is not None
    assert found.judged is judged


def test_a_folder_that_holds_the_whole_project_judges_nothing(tmp_path: Path) -> None:
    found = templates(tmp_path, {"docs/a.html": "{{ a b }}"}, settings('"DIRS": [BASE_DIR]')).find(
        "docs/a.html"
    )
    assert found is not None
    assert not found.judged


UNSURE = {
    "an unknown loader first": settings(
        LOADERS.format('"lib.Loader", "django.template.loaders.filesystem.Loader"')
    ),
    "a folder that depends": (
        f'{settings()}import os\nif os.environ.get("X"):\n    TEMPLATES[0]["DIRS"] = ["/else"]\n'
    ),
    "a folder nobody knows": settings('"DIRS": [unheard_of(BASE_DIR), BASE_DIR / "templates"]'),
    "folders of the environment": (
        f'import os\n{HEAD}INSTALLED_APPS = []\nTEMPLATES = [{{"BACKEND": '
        '"django.template.backends.django.DjangoTemplates", '
        '"DIRS": [*os.environ["DIRS"].split(), BASE_DIR / "templates"]}]\n'
    ),
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_is_not_certain_says_so(tmp_path: Path, name: str) -> None:
    found = templates(tmp_path, PLACES, UNSURE[name]).find("base.html")
    assert found is not None
    assert not found.certain


def test_paths_of_windows_made_plain(tmp_path: Path) -> None:
    engine = settings("'DIRS': [os.path.join(BASE_DIR, 'templates/').replace('\\\\', '/')]")
    found = templates(tmp_path, PLACES, f"import os\n{engine}").find("base.html")
    assert relative(tmp_path, found) == "templates/base.html"
    assert found is not None
    assert found.certain


def test_a_loader_that_derives_from_djangos_is_searched_like_it(tmp_path: Path) -> None:
    files = {
        "lib.py": "from django.template.loaders.app_directories import Loader\nclass Own(Loader):\n    pass\n"
    }
    found = templates(tmp_path, {**PLACES, **files}, settings(LOADERS.format('"lib.Own"'))).find("twice.html")
    assert relative(tmp_path, found) == "shop/templates/twice.html"
    assert found is not None
    assert not found.certain


def test_settings_beside_the_first_are_asked_for_templates(tmp_path: Path) -> None:
    files = {"config/local.py": settings(), "wsgi.py": MENTION, "templates/a.html": ""}
    found = templates(tmp_path, files, f"{HEAD}INSTALLED_APPS = []\n")
    assert relative(tmp_path, found.find("a.html")) == "templates/a.html"


MENTION = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.local")\n'


def test_widgets_of_django_are_found(tmp_path: Path) -> None:
    found = templates(tmp_path, {}).find("django/forms/widgets/input.html")
    assert found is not None
    assert found.app == "django.forms"


# --- extends and include ---------------------------------------------------------------------------------


def chain(found: Templates, name: str) -> tuple[list[str], bool]:
    source = found.find(name)
    assert source is not None
    result = found.chain(source)
    return [f"{t.app or 'project'}:{t.name}" for t in result.templates], result.complete


def test_chains(tmp_path: Path) -> None:
    files = {
        "templates/root.html": "{% block a %}{% endblock %}",
        "templates/middle.html": "{% load static %}{% extends 'root.html' %}",
        "shop/templates/shop/list.html": '{# a comment #}{% extends "./deep/base.html" %}',
        "shop/templates/shop/deep/base.html": '{% extends "../../middle.html" %}',
        "blog/templates/blog/dynamic.html": "{% extends layout %}",
        "blog/templates/blog/missing.html": '{% extends "no.html" %}',
        "blog/templates/blog/filtered.html": '{% extends "root.html"|lower %}',
        "blog/templates/blog/out.html": '{% extends "../../../x.html" %}',
        "templates/one.html": '{% extends "two.html" %}',
        "templates/two.html": '{% extends "one.html" %}',
    }
    found = templates(tmp_path, files)
    assert chain(found, "shop/list.html") == (
        ["shop:shop/list.html", "shop:shop/deep/base.html", "project:middle.html", "project:root.html"],
        True,
    )
    for name in ("dynamic", "missing", "filtered", "out"):
        assert chain(found, f"blog/{name}.html") == ([f"blog:blog/{name}.html"], False)
    assert chain(found, "one.html") == (["project:one.html", "project:two.html"], False)


def test_a_template_that_extends_its_own_name_means_the_next_of_it(tmp_path: Path) -> None:
    files = {
        "templates/admin/base_site.html": '{% extends "admin/base_site.html" %}',
        "shop/templates/admin/base_site.html": '{% extends "admin/base_site.html" %}',
    }
    found = templates(tmp_path, files, settings(apps=["shop", *CONTRIB]))
    assert chain(found, "admin/base_site.html") == (
        [
            "project:admin/base_site.html",
            "shop:admin/base_site.html",
            "django.contrib.admin:admin/base_site.html",
            "django.contrib.admin:admin/base.html",
        ],
        True,
    )


def test_includes(tmp_path: Path) -> None:
    text = (
        '{% include "row.html" %}{% include "./row.html" with a=1 %}{% include name %}{% include "no.html" %}'
    )
    files = {"shop/templates/shop/a.html": text, "templates/row.html": "", "shop/templates/shop/row.html": ""}
    found = templates(tmp_path, files)
    source = found.find("shop/a.html")
    assert source is not None
    nodes = [node for node in walk(source.facts.nodes) if isinstance(node, Include)]
    assert [relative(tmp_path, found.included(source, node)) for node in nodes] == [
        "templates/row.html",
        "shop/templates/shop/row.html",
        None,
        None,
    ]
    assert source.range(nodes[1]).start == (0, text.index('{% include "./'))


# --- freshness -------------------------------------------------------------------------------------------


def test_a_template_is_read_again_when_its_text_changed(tmp_path: Path) -> None:
    found = templates(tmp_path, {"templates/a.html": "{% load i18n %}"})
    before = found.find("a.html")
    assert before is not None
    assert found.scope(before).tag("translate") is not None
    write(tmp_path, {"templates/a.html": ""})
    assert found.find("a.html") is before
    found.forget(before.path)
    after = found.find("a.html")
    assert after is not None
    assert after is not before
    assert found.scope(after).tag("translate") is None
