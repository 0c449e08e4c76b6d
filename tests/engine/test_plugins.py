"""Rules from elsewhere: found, contained when they are broken, and never loaded because a workspace says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from workspaces import EXPECTED, Shop

from djguide_analyzers.rules import plugins, registry

RULE = """\
from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.finding import Severity
from ..names import FORBIDDEN

RULE = Rule(summary="Books are called by a word that nobody may use", severity=Severity.ERROR)


def check(file):
    for cls in file.classes():
        if cls.name in FORBIDDEN:
            yield Hit(file.place(cls.code, cls.node), f"`{cls.name}` is a forbidden name")
"""
FILES = {
    "names.py": 'FORBIDDEN = {"Book"}\n',
    "house/forbidden_name.py": RULE,
    "house/forbidden_name.md": "# forbidden-name\n\nA forbidden name.\n",
    "house/_helper.py": "raise RuntimeError\n",
    "house/broken_syntax.py": "def check(:\n",
    "house/broken_import.py": "import no_such_module_anywhere\n",
    "house/leaves.py": "raise SystemExit(3)\n",
    "house/no_rule.py": "def check(file): ...\n",
    "house/len_of_queryset.py": RULE,
    "house/Shouting.py": RULE,
}
COMPLAINTS = {
    "broken_syntax": "SyntaxError: ",
    "broken_import": "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    "leaves": "SystemExit: 3",
    "no_rule": "TypeError: a rule defines RULE",
    "len_of_queryset": "ValueError: there is a rule called 'len-of-queryset' already",
    "Shouting": "ValueError: 'Shouting' cannot be the code of a rule",
}


@pytest.fixture(autouse=True)
def own_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry that is loaded anew, with no configuration of whoever runs the tests."""
    monkeypatch.setattr(plugins, "_named", [])
    monkeypatch.setattr(plugins, "entry_points", lambda group: EntryPoints())
    monkeypatch.setattr(plugins, "user_file", lambda: tmp_path / "config" / "djguide.toml")
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()
    for name in [name for name in sys.modules if name.startswith(("djguide_rules_", "team_rules"))]:
        del sys.modules[name]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of rules, most of them broken."""
    return written(tmp_path / "our rules")


def written(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def codes() -> set[str]:
    return {entry.code for entry in registry.all_rules()}


def test_a_folder_brings_rules_and_the_broken_ones_cost_only_themselves(rules: Path, tmp_path: Path) -> None:
    before = codes()
    registry._load.cache_clear()
    plugins.use_folders([rules, rules])
    assert codes() - before == {"forbidden-name"}
    entry = registry.get("forbidden-name")
    assert entry is not None and (entry.practice, entry.source) == ("house", str(rules))
    assert registry.page("forbidden-name").startswith("# forbidden-name")
    told = {rule.name.rpartition("/")[2].removesuffix(".py"): rule.message for rule in registry.broken()}
    assert told.keys() == COMPLAINTS.keys()
    assert all(told[name].startswith(message) for name, message in COMPLAINTS.items())
    assert not list(rules.rglob("__pycache__")), "nothing is written where the rules lie"


def test_a_workspace_checks_with_them_and_tells_once_what_is_broken(rules: Path, tmp_path: Path) -> None:
    plugins.use_folders([rules])
    shop = Shop(tmp_path / "shop")
    report = shop.report()
    assert shop.told(report.findings) == ["shop/models.py:8 forbidden-name", *EXPECTED]
    assert {problem.kind for problem in report.problems} == {"internal"}
    assert len(report.problems) == len(COMPLAINTS)
    assert len(shop.workspace.check([shop.path("shop/views.py")]).problems) == len(COMPLAINTS)
    shop.change("djguide.toml", 'ignore = ["house"]\n')
    assert shop.told(shop.report().findings) == EXPECTED


def test_a_rule_of_our_own_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "djguide_analyzers.rules.queries.count_as_existence", None)
    assert "count-as-existence" not in codes() and "len-of-queryset" in codes()
    (broken,) = registry.broken()
    assert broken.name == "queries/count_as_existence.py" and "count_as_existence" in broken.message


def test_the_users_configuration_names_folders(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "config" / "djguide.toml"
    file.parent.mkdir()
    file.write_text('rule-folders = ["../our rules"]\n')
    assert "forbidden-name" in codes()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rule-folders = 3", "must be a list"),
        ('select = ["queries"]', "unknown key 'select'"),
        ("rule-folders = [", "Invalid"),
        ('rule-folders = ["nowhere"]', "no such folder"),
    ],
)
def test_a_mistake_in_it_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "config" / "djguide.toml"
    file.parent.mkdir()
    file.write_text(text)
    assert "len-of-queryset" in codes()
    (broken,) = registry.broken()
    assert complaint in broken.message


@pytest.mark.parametrize("name", ["djguide.toml", "pyproject.toml"])
def test_a_workspace_cannot_name_rules(rules: Path, tmp_path: Path, name: str) -> None:
    (rules / "house" / "forbidden_name.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    header = "[tool.djguide]\n" if name == "pyproject.toml" else ""
    shop = Shop(tmp_path / "shop", settings={"rule-folders": [str(rules)]})
    shop.change(name, f"{header}rule-folders = [{str(rules)!r}]\n")
    report = shop.report()
    (mistake,) = [finding for finding in report.findings if finding.code == "invalid-configuration"]
    assert "only in your own configuration" in mistake.message
    assert [problem.kind for problem in report.problems] == ["configuration"]
    assert not (tmp_path / "ran").exists()


def test_installed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "site" / "team_rules")
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder.parent))
    points = [
        EntryPoint("team", "team_rules", plugins.GROUP),
        EntryPoint("gone", "team_rules_that_are_gone", plugins.GROUP),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: EntryPoints(points))
    assert "forbidden-name" in codes()
    names = [rule.name for rule in registry.broken()]
    assert names[0] == "entry point gone" and len(names) == len(COMPLAINTS) + 1


def test_a_rule_without_a_page_has_its_summary(rules: Path) -> None:
    (rules / "house" / "forbidden_name.md").unlink()
    plugins.use_folders([rules])
    assert registry.page("forbidden-name") == (
        "# forbidden-name\n\nBooks are called by a word that nobody may use.\n"
    )
