from __future__ import annotations

from pathlib import Path

import pytest
from project_files import write

from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.discovery import DiscoveredProject, discover, other_names
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.link import link

MANAGE = """\
import os, sys

def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{}")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
MODEL = "from django.db import models\n"


def projects(root: str, **options: object) -> list[DiscoveredProject]:
    return list(discover(DiskFiles(), root, **options).projects)  # type: ignore[arg-type]


def the_project(root: str, **options: object) -> DiscoveredProject:
    [project] = projects(root, **options)
    return project


def modules(project: DiscoveredProject) -> list[tuple[str, bool]]:
    return [(c.module, c.path is not None) for c in project.settings_modules]


def test_a_startproject_layout(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "manage.py": MANAGE.format("mysite.settings"),
            "mysite/__init__.py": "",
            "mysite/settings.py": "",
            "mysite/wsgi.py": MANAGE.format("mysite.settings"),
            "shop/__init__.py": "",
            "shop/models.py": MODEL,
            "shop/templates/shop/a.html": "",
        },
    )
    project = the_project(root)
    assert (project.root, project.manage, project.source_roots) == (root, f"{root}/manage.py", (root,))
    assert modules(project) == [("mysite.settings", True)]
    assert project.settings is not None
    assert project.settings.path == f"{root}/mysite/settings.py"
    assert project.settings.reason == "named in manage.py, line 4"
    assert project.module_of(f"{root}/shop/models.py") == "shop.models"
    assert project.module_of(f"{root}/shop/__init__.py") == "shop"
    assert project.app_packages == ("shop",)
    assert project.template_files == (f"{root}/shop/templates/shop/a.html",)


def test_a_project_in_a_subfolder_of_its_repository(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "pyproject.toml": '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "config.settings.test"\n',
            "backend/manage.py": MANAGE.format("config.settings.dev"),
            "backend/config/__init__.py": "",
            "backend/config/settings/__init__.py": "",
            "backend/config/settings/dev.py": "",
            "backend/config/settings/test.py": "",
        },
    )
    project = the_project(root)
    assert project.root == f"{root}/backend"
    assert project.source_roots[0] == f"{root}/backend"
    assert modules(project) == [("config.settings.dev", True), ("config.settings.test", True)]


def test_settings_that_are_not_there_come_after_those_that_are(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "manage.py": MANAGE.format("config.local"),
            "config/__init__.py": "",
            "config/production.py": "",
            "config/wsgi.py": MANAGE.format("config.production"),
        },
    )
    project = the_project(root)
    assert modules(project) == [("config.production", True), ("config.local", False)]
    assert "no such module" in project.settings_modules[1].reason


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('os.environ["DJANGO_SETTINGS_MODULE"] = "conf.dev"', ["conf.dev"]),
        ('os.environ.setdefault(\n    "DJANGO_SETTINGS_MODULE",\n    "conf.dev",\n)', ["conf.dev"]),
        (
            'module = "conf.prod" if os.environ.get("AZURE") else "conf.dev"\n'
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", module)',
            ["conf.prod", "conf.dev"],
        ),
        (
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"conf.{os.environ[\'STAGE\']}")',
            ["conf.dev", "conf.prod"],
        ),
        (
            '# os.environ["DJANGO_SETTINGS_MODULE"] = "conf.prod"\n'
            'os.environ["DJANGO_SETTINGS_MODULE"] = "conf.dev"',
            ["conf.dev"],
        ),
    ],
)
def test_the_ways_to_name_a_settings_module(tmp_path: Path, statement: str, expected: list[str]) -> None:
    root = write(
        tmp_path,
        {
            "manage.py": f"import os\n{statement}\n",
            "conf/__init__.py": "",
            "conf/dev.py": "",
            "conf/prod.py": "",
        },
    )
    assert [module for module, there in modules(the_project(root)) if there] == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = site.settings\n"),
        ("pytest.ini", "[pytest]\naddopts = -q --ds=site.settings\n"),
        ("setup.cfg", "[tool:pytest]\nDJANGO_SETTINGS_MODULE=site.settings\n"),
        ("tox.ini", "[testenv]\nsetenv =\n    DJANGO_SETTINGS_MODULE = site.settings\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "site.settings"\n'),
        ("pyproject.toml", '[tool.django-stubs]\ndjango_settings_module = "site.settings"\n'),
        ("mypy.ini", "[mypy.plugins.django-stubs]\ndjango_settings_module = site.settings\n"),
        ("site/asgi.py", 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n'),
        ("site/celery.py", 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n'),
        ("conftest.py", 'os.environ["DJANGO_SETTINGS_MODULE"] = "site.settings"\n'),
    ],
)
def test_a_project_without_manage_py(tmp_path: Path, name: str, text: str) -> None:
    root = write(tmp_path, {"site/__init__.py": "", "site/settings.py": "", name: text})
    project = the_project(root)
    assert (project.root, project.manage) == (root, None)
    assert modules(project) == [("site.settings", True)]


def test_the_configurations_class_is_taken_along(tmp_path: Path) -> None:
    manage = MANAGE.format("site.settings") + 'os.environ.setdefault("DJANGO_CONFIGURATION", "Dev")\n'
    root = write(tmp_path, {"manage.py": manage, "site/__init__.py": "", "site/settings.py": ""})
    settings = the_project(root).settings
    assert settings is not None
    assert settings.configuration == "Dev"


def test_manage_py_inside_its_own_package_starts_where_imports_do(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib/__init__.py": "",
            "lib/models.py": MODEL,
            "lib/test/__init__.py": "",
            "lib/test/settings.py": "",
            "lib/test/manage.py": MANAGE.format("lib.test.settings"),
        },
    )
    project = the_project(root)
    assert project.root == root
    assert project.module_of(f"{root}/lib/test/settings.py") == "lib.test.settings"
    assert f"{root}/lib/models.py" in project.python_files


def test_src_layouts_and_folders_put_on_the_path(tmp_path: Path) -> None:
    manage = MANAGE.format("config.settings") + 'sys.path.append(str(current_path / "apps"))\n'
    root = write(
        tmp_path,
        {
            "manage.py": manage,
            "config/__init__.py": "",
            "config/settings.py": "",
            "apps/shop/__init__.py": "",
            "apps/shop/models.py": MODEL,
            "pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["src"]\n',
            "src/lib/__init__.py": "",
        },
    )
    project = the_project(root)
    assert project.source_roots == (root, f"{root}/apps", f"{root}/src")
    assert project.module_of(f"{root}/apps/shop/models.py") == "shop.models"
    assert project.module_of(f"{root}/src/lib/__init__.py") == "lib"
    assert project.module_of(f"{root}/config/settings.py") == "config.settings"


def test_a_package_on_the_path_keeps_its_full_name(tmp_path: Path) -> None:
    manage = MANAGE.format("proj.settings") + 'sys.path.append(str(current_path / "proj"))\n'
    root = write(
        tmp_path,
        {
            "manage.py": manage,
            "proj/__init__.py": "",
            "proj/settings.py": "",
            "proj/users/__init__.py": "",
            "proj/users/models.py": MODEL,
        },
    )
    assert the_project(root).module_of(f"{root}/proj/users/models.py") == "proj.users.models"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            "INSTALLED_APPS = ['django.contrib.auth', 'users', 'shop.apps.Shop']\nROOT_URLCONF = 'shop.urls'\n",
            "users.models",
        ),
        (
            "INSTALLED_APPS = ['proj.users', 'proj.shop']\nAUTH_USER_MODEL = 'users.User'\n",
            "proj.users.models",
        ),
    ],
    ids=["from inside", "from above"],
)
def test_a_package_with_a_manage_py_is_named_as_its_settings_do(
    tmp_path: Path, settings: str, expected: str
) -> None:
    root = write(
        tmp_path,
        {
            "pyproject.toml": "",
            "proj/__init__.py": "",
            "proj/manage.py": MANAGE.format("core.settings.dev"),
            "proj/core/__init__.py": "",
            "proj/core/settings/__init__.py": "",
            "proj/core/settings/base.py": settings,
            "proj/core/settings/dev.py": "from core.settings.base import *\n",
            "proj/shop/__init__.py": "",
            "proj/users/__init__.py": "",
            "proj/users/models.py": MODEL,
        },
    )
    project = the_project(root)
    assert project.module_of(f"{root}/proj/users/models.py") == expected
    assert project.module_of(f"{root}/proj/__init__.py") == "proj"
    [other] = {"users.models", "proj.users.models"} - {expected}
    assert (other, f"{root}/proj/users/models.py") in other_names(project)


def test_a_module_is_one_by_all_its_names(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "pyproject.toml": "",
            "proj/__init__.py": "",
            "proj/manage.py": MANAGE.format("core.settings"),
            "proj/core/__init__.py": "",
            "proj/core/settings.py": "INSTALLED_APPS = ['shop', 'proj.users']\n",
            "proj/shop/__init__.py": "",
            "proj/shop/models.py": f"{MODEL}from proj.users.models import Base\nclass Order(Base): pass\n",
            "proj/users/__init__.py": "",
            "proj/users/models.py": f"{MODEL}class Base(models.Model):\n    class Meta:\n        abstract = True\n"
            "class User(Base): pass\n",
        },
    )
    files = DiskFiles()
    project = link(
        files,
        the_project(root),
        lambda path: python_facts(files.read_text(path) or ""),
        workspace=root,
        environment=f"{root}/none",
    )
    assert project.resolver.module("proj.users.models") is project.resolver.module("users.models")
    assert {"shop.Order", "users.User"} <= set(project.graph.models)
    assert all(model.installed for model in project.graph if model.cls.module.origin == "project")


def test_several_projects_share_a_library_but_not_each_other(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "services/a/manage.py": MANAGE.format("conf_a.settings"),
            "services/a/conf_a/__init__.py": "",
            "services/a/conf_a/settings.py": "",
            "services/b/manage.py": MANAGE.format("conf_b.settings"),
            "services/b/conf_b/__init__.py": "",
            "services/b/conf_b/settings.py": "",
            "libs/common/pyproject.toml": '[project]\nname = "common"\n',
            "libs/common/src/common/__init__.py": "",
        },
    )
    one, two = projects(root)
    assert (one.root, two.root) == (f"{root}/services/a", f"{root}/services/b")
    for project in (one, two):
        assert project.module_of(f"{root}/libs/common/src/common/__init__.py") == "common"
    assert not any(path.startswith(f"{root}/services/b") for path in one.python_files)


def test_a_demo_project_inside_a_library_uses_the_library(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "setup.py": "setup(name='lib')\n",
            "lib/__init__.py": "",
            "lib/models.py": MODEL,
            "demo/manage.py": MANAGE.format("demo_site.settings"),
            "demo/demo_site/__init__.py": "",
            "demo/demo_site/settings.py": "",
        },
    )
    project = the_project(root)
    assert project.root == f"{root}/demo"
    assert project.module_of(f"{root}/lib/models.py") == "lib.models"
    assert project.module_of(f"{root}/demo/demo_site/settings.py") == "demo_site.settings"


def test_an_unpacked_wheel_with_entry_scripts(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "tcms/__init__.py": "",
            "tcms/settings/__init__.py": "",
            "tcms/settings/product.py": "INSTALLED_APPS = []\n",
            "tcms/wsgi.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tcms.settings.product")\n',
            "tcms-1.dist-info/METADATA": "",
        },
    )
    project = the_project(root)
    assert modules(project) == [("tcms.settings.product", True)]
    assert project.source_roots == (root,)


def test_a_settings_module_is_found_by_what_it_assigns(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "cms/__init__.py": "",
            "cms/models.py": MODEL,
            "cms/tests/__init__.py": "",
            "cms/tests/settings.py": "DEBUG = True\nINSTALLED_APPS = ['cms']\n",
            "cms/tests/test_a.py": "X = '''\nINSTALLED_APPS = []\n'''\n",
        },
    )
    project = the_project(root)
    assert modules(project) == [("cms.tests.settings", True)]
    assert project.reason == "cms/tests/settings.py assigns INSTALLED_APPS, line 2"


def test_a_sample_stands_in_for_the_settings_it_is_copied_to(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "web/__init__.py": "",
            "web/wsgi.py": MANAGE.format("web.settings"),
            "web/settings_example.py": "INSTALLED_APPS = []\n",
            "web/settings_docker.py": "INSTALLED_APPS = []\n",
        },
    )
    assert modules(the_project(root)) == [
        ("web.settings_example", True),
        ("web.settings_docker", True),
        ("web.settings", False),
    ]


def test_apps_without_any_settings_are_one_project(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "src/polls/__init__.py": "",
            "src/polls/models.py": MODEL,
            "src/polls/migrations/__init__.py": "",
            "src/polls/contrib/__init__.py": "",
            "src/polls/contrib/apps.py": "from django.apps import AppConfig\n",
        },
    )
    project = the_project(root)
    assert (project.root, project.source_roots) == (root, (f"{root}/src",))
    assert project.settings is None
    assert project.app_packages == ("polls", "polls.contrib")


def test_a_workspace_without_django_has_no_project(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"manage.py": "from flask_script import Manager\n", "a.py": "import djangorestish\n"}
    )
    assert projects(root) == []


def test_skeletons_for_new_projects_are_none(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib/__init__.py": "",
            "lib/models.py": MODEL,
            "lib/project_template/manage.py": MANAGE.format("{{ project_name }}.settings"),
            "lib/project_template/project_name/settings.py": "INSTALLED_APPS = []\n",
        },
    )
    project = the_project(root)
    assert (project.root, project.manage, project.settings_modules) == (root, None, ())


def test_configuration_comes_first(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "manage.py": MANAGE.format("conf.dev"),
            "conf/__init__.py": "",
            "conf/dev.py": "",
            "conf/ci.py": "",
            "lib/deep/pkg/__init__.py": "",
            "old/x.py": "",
        },
    )
    project = the_project(root, settings_module="conf.ci", source_roots=["lib/deep"], exclude=["old"])
    assert modules(project) == [("conf.ci", True), ("conf.dev", True)]
    assert project.module_of(f"{root}/lib/deep/pkg/__init__.py") == "pkg"
    assert f"{root}/old/x.py" not in project.python_files


def test_broken_configuration_files_hide_nothing(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "manage.py": MANAGE.format("conf.dev"),
            "conf/__init__.py": "",
            "conf/dev.py": "",
            "pyproject.toml": "[tool.pytest\n",
            "setup.cfg": "no section\n",
            "tox.ini": "[a]\n]]]\n=\n",
        },
    )
    assert modules(the_project(root)) == [("conf.dev", True)]


def test_unsaved_buffers_count(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"manage.py": MANAGE.format("conf.dev"), "conf/__init__.py": "", "conf/dev.py": ""}
    )
    files = DiskFiles()
    files.set_text(f"{root}/conf/new.py", "")
    files.set_text(f"{root}/manage.py", MANAGE.format("conf.new"))
    [project] = discover(files, root).projects
    assert modules(project) == [("conf.new", True)]
