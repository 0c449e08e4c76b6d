from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from project_files import write

from djguide_analyzers.project.bounds import ANY, bounds_of, poetry_bounds
from djguide_analyzers.project.environment import Environment
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.versions import VersionRange, find_version


def django(root: str, **options: object) -> VersionRange:
    found = find_version(DiskFiles(), "Django", root, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def range_of(root: str, **options: object) -> tuple[str | None, str | None, bool]:
    found = django(root, **options)
    return found.minimum, found.maximum, found.exact


def environment(root: str, python: str | None = None) -> Environment:
    return Environment(root, (f"{root}/site",), python, "", (f"{root}/site",))


@pytest.mark.parametrize(
    ("specifier", "low", "high"),
    [
        ("~=5.2.0", "5.2.0", "5.3"),
        ("~=5.2", "5.2", "6"),
        (">=4.2,<5.3", "4.2", "5.3"),
        ("==5.2.*", "5.2", "5.3"),
        ("==5.2.*,>=5.2.17", "5.2.17", "5.3"),
        ("==5.2.1", "5.2.1", "5.2.1"),
        ("<6", None, "6"),
        ("", None, None),
        (">=5,!=5.1", "5", None),
        ("nonsense", None, None),
        ("===weird", None, None),
    ],
)
def test_bounds_of_specifiers(specifier: str, low: str | None, high: str | None) -> None:
    bounds = bounds_of(specifier)
    assert (bounds.minimum and str(bounds.minimum), bounds.maximum and str(bounds.maximum)) == (low, high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("^5.2", "5.2", "6"),
        ("^0.2.3", "0.2.3", "0.3"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("~5.2", "5.2", "5.3"),
        ("~5", "5", "6"),
        ("~5.2.1", "5.2.1", "5.3"),
        ("5.2.1", "5.2.1", "5.2.1"),
        ("5.2.*", "5.2", "5.3"),
        ("*", None, None),
        (">=4.2, <6", "4.2", "6"),
        ("^4.2 || ^5.2", "4.2", "6"),
        ("~=5.2.0", "5.2.0", "5.3"),
    ],
)
def test_bounds_in_poetrys_notation(text: str, low: str | None, high: str | None) -> None:
    bounds = poetry_bounds(text)
    assert (bounds.minimum and str(bounds.minimum), bounds.maximum and str(bounds.maximum)) == (low, high)


VERSIONS = st.builds(lambda a, b, c: f"{a}.{b}.{c}", *[st.integers(0, 4)] * 3)
CLAUSES = st.builds(lambda op, v: op + v, st.sampled_from([">=", "<=", "<", ">", "==", "~="]), VERSIONS)


@given(st.lists(CLAUSES, max_size=3).map(",".join), VERSIONS, CLAUSES)
def test_bounds_agree_with_the_specifiers(specifier: str, version: str, other: str) -> None:
    bounds, inside = bounds_of(specifier), SpecifierSet(specifier).contains(version)
    if (
        inside
    ):  # a version that satisfies all clauses lies inside, even where the clauses contradict each other
        assert bounds.within(ANY) is True
        assert bounds_of(f"=={version}").within(bounds) is True
        verdict = bounds.within(bounds_of(other))
        if verdict is not None:
            assert Version(version) in SpecifierSet(other) or verdict is False
            assert verdict is (Version(version) in SpecifierSet(other))


def test_within_decides_only_what_holds_for_all_versions(tmp_path: Path) -> None:
    found = django(write(tmp_path, {"requirements.txt": "django>=4.2,<6.0\n"}))
    assert found.within(">=4.2") is True
    assert found.within("<6.0") is True
    assert found.within(">=6.0") is False
    assert found.within(">=5.0") is None
    assert found.series == (4, 2)


def test_what_is_installed_comes_first(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "site/Django-5.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: Django\nVersion: 5.2.3\n",
            "site/django_extensions-3.dist-info/METADATA": "Version: 3\n",
            "requirements.txt": "django==4.2\n",
        },
    )
    found = django(root, environment=environment(root))
    assert (found.minimum, found.exact, found.how) == ("5.2.3", True, "installed")
    assert (found.path, found.line) == (f"{root}/site/Django-5.2.3.dist-info/METADATA", 2)
    assert found.within("==5.2.3") is True
    other = find_version(DiskFiles(), "django_extensions", root, environment=environment(root))
    assert other is not None
    assert other.minimum == "3"


def test_installed_django_without_metadata_or_as_an_egg(tmp_path: Path) -> None:
    root = write(tmp_path, {"site/django/__init__.py": 'VERSION = (5, 1, 4, "final", 0)\n'})
    assert range_of(root, environment=environment(root)) == ("5.1.4", "5.1.4", True)
    write(tmp_path, {"site/Django-4.2.1-py3.10.egg-info/PKG-INFO": "Name: Django\n"})
    assert range_of(root, environment=environment(root)) == ("4.2.1", "4.2.1", True)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock"])
def test_lock_files(tmp_path: Path, name: str) -> None:
    text = (
        'version = 1\n\n[[package]]\nname = "django-filter"\nversion = "25.1"\n\n'
        '[[package]]\nname = "django"\nversion = "5.2.4"\n'
    )
    found = django(
        write(tmp_path, {name: text, "pyproject.toml": '[project]\ndependencies = ["django>=4"]\n'})
    )
    assert (found.minimum, found.exact, found.how, found.line) == ("5.2.4", True, "locked", 7)


def test_pylock_and_pipfile_lock(tmp_path: Path) -> None:
    root = write(tmp_path, {"pylock.toml": '[[packages]]\nname = "django"\nversion = "5.2.4"\n'})
    assert range_of(root) == ("5.2.4", "5.2.4", True)
    lock = json.dumps({"default": {"django": {"version": "==4.2.9"}}, "develop": {}}, indent=1)
    other = write(tmp_path / "b", {"Pipfile.lock": lock})
    assert range_of(other) == ("4.2.9", "4.2.9", True)
    assert django(other).line == 2


def test_a_lock_file_may_hold_several_versions(tmp_path: Path) -> None:
    package = '[[package]]\nname = "django"\nversion = "{}"\n'
    root = write(tmp_path, {"uv.lock": package.format("4.2.9") + package.format("5.2.4")})
    assert range_of(root) == ("4.2.9", "5.2.4", False)


def test_the_lock_file_of_the_workspace_wins_over_the_members_declaration(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "uv.lock": '[[package]]\nname = "django"\nversion = "5.2.4"\n',
            "services/a/pyproject.toml": '[project]\ndependencies = ["django>=5"]\n',
        },
    )
    assert range_of(f"{root}/services/a", workspace=root) == ("5.2.4", "5.2.4", True)
    assert range_of(f"{root}/services/a") == ("5", None, False)


def test_pyproject_dependencies(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "pyproject.toml": """\
                [project]
                name = "case"
                dependencies = [
                    "django-filter",
                    "django~=5.2.0",
                ]
                """
        },
    )
    found = django(root)
    assert (found.minimum, found.maximum, found.includes_maximum) == ("5.2.0", "5.3", False)
    assert (found.series, found.how, found.stated) == ((5, 2), "declared", "django~=5.2.0")
    assert (found.path, found.line) == (f"{root}/pyproject.toml", 4)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.poetry.dependencies]\nDjango = "^5.2"\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ndjango = {version = "^5.2", extras = ["argon2"]}\n'),
        ("pyproject.toml", '[tool.poetry.group.test.dependencies]\ndjango = "^5.2"\n'),
        ("pyproject.toml", '[dependency-groups]\ndev = ["django>=5.2,<6", {include-group = "x"}]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\nweb = ["Django[argon2]>=5.2,<6"]\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n    requests\n    Django>=5.2,<6\n"),
        ("setup.py", "setup(install_requires=['requests', 'Django >= 5.2, < 6'])\n"),
        ("Pipfile", '[packages]\ndjango = ">=5.2,<6"\n'),
        ("environment.yml", "dependencies:\n  - python=3.12\n  - pip:\n    - django>=5.2,<6\n"),
        (
            "lib-1.dist-info/METADATA",
            "Name: lib\nRequires-Dist: django-x (>=1)\nRequires-Dist: Django (<6,>=5.2)\n",
        ),
        ("requirements/base.in", "Django>=5.2,<6\n"),
    ],
)
def test_the_places_where_a_dependency_is_declared(tmp_path: Path, name: str, text: str) -> None:
    root = write(tmp_path, {name: text})
    found = django(root)
    assert (found.minimum, found.maximum, found.includes_maximum) == ("5.2", "6", False)
    assert found.path == f"{root}/{name}"
    assert "django" in text.splitlines()[found.line].lower()


def test_conda_pins_by_a_single_sign(tmp_path: Path) -> None:
    assert range_of(write(tmp_path, {"environment.yml": "dependencies:\n  - django=5.2\n"})) == (
        "5.2",
        "5.3",
        False,
    )


def test_requirements_follow_includes_and_constraints(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "requirements.txt": "-r requirements/base.txt\n--constraint=constraints.txt\n-r requirements.txt\n",
            "requirements/base.txt": "# django==1.0\ndjango-filter==25\n",
            "requirements/dev.txt": "django==1.0\n",
            "constraints.txt": "Django==5.2.4 \\\n    --hash=sha256:abc  # why\n",
        },
    )
    found = django(root)
    assert (found.minimum, found.exact, found.how) == ("5.2.4", True, "required")
    assert (found.path, found.line) == (f"{root}/constraints.txt", 0)


def test_a_bare_name_leaves_the_word_to_others(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"requirements.txt": "django\n", "setup.py": "setup(install_requires=['django>=4.2'])\n"}
    )
    assert range_of(root) == ("4.2", None, False)
    alone = write(tmp_path / "b", {"requirements.txt": "django\n"})
    assert range_of(alone) == (None, None, False)
    assert django(alone).series is None


def test_markers_are_read_for_the_projects_python(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "requirements.txt": """\
                django>=4.2,<5; python_version < "3.10"
                django>=5.2,<6; python_version >= "3.10"
                """
        },
    )
    assert range_of(root) == ("4.2", "6", False)
    assert range_of(root, environment=environment(root, "3.9.1")) == ("4.2", "5", False)
    assert range_of(root, environment=environment(root, "3.12")) == ("5.2", "6", False)


def test_requirements_of_extras_give_way(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib-1.dist-info/METADATA": """\
                Requires-Dist: Django>=5.2
                Requires-Dist: Django<5.3; extra == "test"

                Requires-Dist: Django==1.0 says the description
                """
        },
    )
    assert range_of(root) == ("5.2", None, False)


def test_archives_and_repositories(tmp_path: Path) -> None:
    root = write(tmp_path, {"requirements.txt": "Django @ https://example.org/Django-5.2.1.tar.gz\n"})
    assert range_of(root) == ("5.2.1", "5.2.1", True)
    other = write(tmp_path / "b", {"requirements.txt": "Django @ git+https://example.org/django@main\n"})
    assert range_of(other) == (None, None, False)


def test_broken_files_say_nothing(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "pyproject.toml": "[project\ndependencies = ['django==1.0']",
            "Pipfile.lock": "{",
            "setup.cfg": "django==1.0",
            "requirements.txt": "django==not a version\n",
            "uv.lock": "[[package]]\nname = \n",
            "environment.yml": "dependencies: [",
            "setup.py": "setup(",
        },
    )
    assert find_version(DiskFiles(), "django", root) is None
