"""Configuration: where it is looked for, what it means, and that a mistake costs only itself."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djguide_analyzers.engine.config import Config, Loaded, load_config, schema
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.source.positions import LineIndex, Position

RULES = {
    "n-plus-one-foreign-key": "queries",
    "count-as-existence": "queries",
    "legacy-unique-together": "models",
    "money-stored-as-float": "models",
}
OPT_IN = {"legacy-unique-together"}
HERE = Path("/repo/shop/orders")


def reader(files: dict[str, str]) -> Callable[[Path], str | None]:
    return lambda path: files.get(path.as_posix())


def load(text: str, overrides: dict[str, object] | None = None, name: str = "djguide.toml") -> Loaded:
    return load_config(HERE, reader({f"/repo/{name}": text}), overrides, rules=RULES)


def selected(config: Config) -> set[str]:
    return {
        code for code, practice in RULES.items() if config.is_selected(code, practice, code not in OPT_IN)
    }


def told(loaded: Loaded, text: str) -> list[tuple[str, str]]:
    """Each mistake with the text it points at."""
    index = LineIndex(text)
    return [
        (mistake.message, index.slice(mistake.range) if mistake.range else "") for mistake in loaded.mistakes
    ]


# --- where it is looked for ------------------------------------------------------------------------------


def test_without_any_file_everything_is_default() -> None:
    loaded = load_config(HERE, reader({}))
    assert loaded == Loaded(Config(), None, HERE)


def test_the_nearest_file_wins_whole() -> None:
    files = {
        "/repo/pyproject.toml": '[tool.djguide]\nbaseline = "known.json"\nignore = ["queries"]',
        "/repo/shop/pyproject.toml": '[tool.djguide]\nignore = ["models"]',
    }
    loaded = load_config(HERE, reader(files), rules=RULES)
    assert loaded.path == Path("/repo/shop/pyproject.toml")
    assert loaded.root == Path("/repo/shop")
    assert loaded.config == Config(ignore=("models",))
    assert load_config(Path("/repo"), reader(files), rules=RULES).config.baseline == "known.json"


def test_a_pyproject_without_our_table_is_passed_by() -> None:
    files = {
        "/repo/pyproject.toml": '[tool.djguide]\nignore = ["models"]',
        "/repo/shop/pyproject.toml": '[project]\nname = "djguide-user"\n[tool.ruff]\nselect = ["E"]',
        "/repo/shop/orders/pyproject.toml": "[project\nname = 'djguide",
    }
    loaded = load_config(HERE, reader(files), rules=RULES)
    assert loaded.path == Path("/repo/pyproject.toml")
    assert loaded.mistakes == ()


def test_an_empty_table_of_ours_is_a_configuration() -> None:
    files = {"/repo/shop/pyproject.toml": "[tool.djguide]", "/repo/djguide.toml": 'ignore = ["models"]'}
    assert load_config(HERE, reader(files), rules=RULES).path == Path("/repo/shop/pyproject.toml")


def test_djguide_toml_wins_in_the_same_folder_only() -> None:
    files = {
        "/repo/djguide.toml": 'ignore = ["queries"]',
        "/repo/pyproject.toml": '[tool.djguide]\nignore = ["models"]',
    }
    assert load_config(HERE, reader(files), rules=RULES).config.ignore == ("queries",)
    files["/repo/shop/pyproject.toml"] = '[tool.djguide]\nignore = ["all"]'
    assert load_config(HERE, reader(files), rules=RULES).config.ignore == ("all",)


@pytest.mark.parametrize("as_file", [False, True])
def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path, as_file: bool) -> None:
    repository = tmp_path / "repository"
    inner = repository / "shop"
    inner.mkdir(parents=True)
    (tmp_path / "djguide.toml").write_text('ignore = ["queries"]')

    def read(path: Path) -> str | None:
        return path.read_text() if path.is_file() else None

    assert load_config(inner, read).path == tmp_path / "djguide.toml"
    if as_file:
        (repository / ".git").write_text("gitdir: elsewhere")
    else:
        (repository / ".git").mkdir()
    assert load_config(inner, read) == Loaded(Config(), None, inner)
    (repository / "djguide.toml").write_text('ignore = ["models"]')
    assert load_config(inner, read).config.ignore == ("models",)


# --- what it means ---------------------------------------------------------------------------------------

EVERYTHING = """
select = ["queries"]
extend-select = ["legacy-unique-together"]
ignore = ["count-as-existence"]
exclude = ["build/", "*_pb2.py", "!important_pb2.py"]
settings-module = "config.settings.local"
source-roots = ["src"]
environment = "../venv"
baseline = "known.json"
known-findings = "hidden"

[severity]
queries = "error"
legacy-unique-together = "hint"

[per-path-ignores]
"tests/" = ["queries"]
"orders/*.py" = ["money-stored-as-float"]
"""


def test_every_key_is_read() -> None:
    loaded = load(EVERYTHING)
    assert loaded.mistakes == ()
    assert loaded.config == Config(
        select=("queries",),
        extend_select=("legacy-unique-together",),
        ignore=("count-as-existence",),
        exclude=("build/", "*_pb2.py", "!important_pb2.py"),
        settings_module="config.settings.local",
        source_roots=("src",),
        environment="../venv",
        baseline="known.json",
        known_findings="hidden",
        severity={"queries": "error", "legacy-unique-together": "hint"},
        per_path_ignores={
            "tests/": ("n-plus-one-foreign-key", "count-as-existence"),
            "orders/*.py": ("money-stored-as-float",),
        },
    )


def test_pyproject_says_the_same_below_its_table() -> None:
    tables = EVERYTHING.replace("[severity]", "[tool.djguide.severity]")
    text = "[tool.djguide]" + tables.replace("[per-path-ignores]", "[tool.djguide.per-path-ignores]")
    assert load(text, name="pyproject.toml").config == load(EVERYTHING).config


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(), set(RULES) - OPT_IN),
        (Config(select=()), set()),
        (Config(select=("models",)), {"money-stored-as-float"}),
        (Config(select=("legacy-unique-together",)), {"legacy-unique-together"}),
        (Config(select=("all",)), set(RULES)),
        (Config(extend_select=("legacy-unique-together",)), set(RULES)),
        (
            Config(extend_select=("all",), ignore=("queries",)),
            {"legacy-unique-together", "money-stored-as-float"},
        ),
        (
            Config(select=("models",), extend_select=("count-as-existence",), ignore=("models",)),
            {"count-as-existence"},
        ),
        (Config(ignore=("all",)), set()),
        (Config(severity={"queries": "off"}), {"money-stored-as-float"}),
        (
            Config(severity={"queries": "off", "count-as-existence": "info"}),
            {"money-stored-as-float", "count-as-existence"},
        ),
    ],
)
def test_selection(config: Config, expected: set[str]) -> None:
    assert selected(config) == expected


def test_severity_of_the_code_wins_over_its_practice() -> None:
    config = Config(severity={"queries": "error", "count-as-existence": "hint", "models": "off"})
    assert config.severity_for("count-as-existence", "queries", Severity.WARNING) is Severity.HINT
    assert config.severity_for("n-plus-one-foreign-key", "queries", Severity.WARNING) is Severity.ERROR
    assert config.severity_for("money-stored-as-float", "models", Severity.WARNING) is None
    assert config.severity_for("command-prints", "commands", Severity.INFO) is Severity.INFO


def test_excluded_paths() -> None:
    config = load(EVERYTHING).config
    excluded = ["build/x.py", "shop/build/deep/x.py", "api/orders_pb2.py"]
    kept = ["builder/x.py", "build", "important_pb2.py", "shop/orders.py"]
    assert [path for path in excluded + kept if config.is_excluded(path)] == excluded
    assert not Config().is_excluded("build/x.py")


def test_ignores_of_paths_add_up() -> None:
    config = load(
        'per-path-ignores = { "tests/" = ["queries"], "test_*.py" = ["money-stored-as-float"] }'
    ).config
    queries = {"n-plus-one-foreign-key", "count-as-existence"}
    assert config.ignored_for("shop/tests/helpers.py") == queries
    assert config.ignored_for("shop/tests/test_a.py") == queries | {"money-stored-as-float"}
    assert config.ignored_for("shop/test_a.py") == {"money-stored-as-float"}
    assert config.ignored_for("shop/models.py") == frozenset()
    everything = load('per-path-ignores = { "legacy/" = ["all"] }').config
    assert everything.ignored_for("legacy/a.py") == set(RULES)


# --- overrides -------------------------------------------------------------------------------------------


def test_overrides_win_key_by_key() -> None:
    overrides: dict[str, object] = {
        "ignore": ("models",),
        "baseline": None,
        "environment": "/venv",
        "severity": {"queries": "hint"},
    }
    config = load(EVERYTHING, overrides).config
    assert config.ignore == ("models",)
    assert config.baseline == "known.json"
    assert config.environment == "/venv"
    assert config.severity == {"queries": "hint", "legacy-unique-together": "hint"}
    assert config.select == ("queries",)


def test_a_selection_in_the_overrides_runs_just_those_rules() -> None:
    text = 'extend-select = ["all"]\nignore = ["legacy-unique-together"]\n'
    text += 'severity = { models = "off", queries = "info" }'
    config = load(text, {"select": ["legacy-unique-together"]}).config
    assert selected(config) == {"legacy-unique-together"}
    assert config.severity == {"queries": "info"}
    narrowed = load(text, {"select": ["models"], "ignore": ["money-stored-as-float"]}).config
    assert selected(narrowed) == set()


def test_mistakes_in_overrides_have_no_place_and_leave_the_file_alone() -> None:
    loaded = load(EVERYTHING, {"ignore": "models", "colour": True, "select": ["modles"]})
    assert [mistake.message for mistake in loaded.mistakes] == [
        "'ignore' must be a list of strings, not a string.",
        "Unknown key 'colour'.",
        "Unknown rule or practice 'modles'; did you mean 'models'?",
    ]
    assert [mistake.range for mistake in loaded.mistakes] == [None] * 3
    assert loaded.config == load(EVERYTHING).config


# --- mistakes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message", "at"),
    [
        ('selct = ["queries"]', "Unknown key 'selct'; did you mean 'select'?", "selct"),
        (
            '"settings_module" = "a"',
            "Unknown key 'settings_module'; did you mean 'settings-module'?",
            '"settings_module"',
        ),
        ("zzz.a = 1", "Unknown key 'zzz'.", "zzz"),
        (
            "tool.djguide = {}",
            "In djguide.toml the settings stand at the top level, not under [tool.djguide].",
            "tool",
        ),
        ('select = "queries"', "'select' must be a list of strings, not a string.", '"queries"'),
        ("select = true", "'select' must be a list of strings, not a boolean.", "true"),
        ('select = ["queries", [1]]', "'select' must hold strings, not a list.", "[1]"),
        ('select = ["queries", " "]', "'select' must hold strings, not an empty one.", '" "'),
        ("exclude = [2.5]", "'exclude' must hold strings, not a number.", "2.5"),
        (
            'ignore = ["n-plus-one-forein-key"]',
            "Unknown rule or practice 'n-plus-one-forein-key'; did you mean 'n-plus-one-foreign-key'?",
            '"n-plus-one-forein-key"',
        ),
        ('extend-select = ["xyz"]', "Unknown rule or practice 'xyz'.", '"xyz"'),
        ('severity = "error"', "'severity' must be a table, not a string.", '"error"'),
        (
            'severity.queries = "loud"',
            "The severity of 'queries' must be one of error, warning, info, hint, off.",
            '"loud"',
        ),
        ('severity = { all = "off" }', "Unknown rule or practice 'all'.", "all"),
        ('per-path-ignores = ["tests"]', "'per-path-ignores' must be a table, not a list.", '["tests"]'),
        ('per-path-ignores."a/" = "all"', "'a/' must be a list of strings, not a string.", '"all"'),
        ('per-path-ignores = { "a/" = ["alll"] }', "Unknown rule or practice 'alll'.", '"alll"'),
        ("per-path-ignores.'!a' = []", "'!a': a pattern here cannot take paths out again with '!'.", "'!a'"),
        ("per-path-ignores.'[z-a]' = []", "'[z-a]' is not a pattern that can match a path.", "'[z-a]'"),
        ("exclude = ['ok', '!']", "'!' is not a pattern that can match a path.", "'!'"),
        ("exclude = ['# note']", "'# note' is not a pattern that can match a path.", "'# note'"),
        ("settings-module = 3", "'settings-module' must be a string, not a number.", "3"),
        (
            'settings-module = "config/settings.py"',
            "'config/settings.py' is not the dotted name of a module, such as 'config.settings'.",
            '"config/settings.py"',
        ),
        ("baseline = 1979-05-27", "'baseline' must be a string, not a date or time.", "1979-05-27"),
        ('environment = ""', "'environment' must be a string, not an empty one.", '""'),
        ("environment = {}", "'environment' must be a string, not a table.", "{}"),
    ],
)
def test_a_mistake_is_told_at_its_place_and_costs_only_itself(line: str, message: str, at: str) -> None:
    text = f'# Für alle\r\nsource-roots = ["src"]\r\n{line} # why\r\n'
    loaded = load(text)
    assert told(loaded, text) == [(message, at)]
    assert loaded.config.source_roots == ("src",)
    assert loaded.valid


def test_the_other_items_of_a_list_and_table_are_kept() -> None:
    text = (
        '[tool.djguide]\nselect = ["queries", "nonsense", "models"]\nexclude = ["[z-a]", "ok"]\n'
        '[tool.djguide.severity]\nqueries = "hint"\nmodels = 1\n'
        '[tool.djguide.per-path-ignores]\n"!a" = ["all"]\n"b" = ["count-as-existence", "nonsense"]\n'
    )
    loaded = load(text, name="pyproject.toml")
    assert len(loaded.mistakes) == 5
    assert loaded.config == Config(
        select=("queries", "models"),
        exclude=("ok",),
        severity={"queries": "hint"},
        per_path_ignores={"b": ("count-as-existence",)},
    )


def test_a_selection_of_mistakes_does_not_switch_everything_off() -> None:
    assert load('select = ["n-plus"]').config.select is None
    assert load("select = []").config.select == ()


def test_without_known_rules_names_are_not_judged() -> None:
    loaded = load_config(
        HERE, reader({"/repo/djguide.toml": 'select = ["x"]\nper-path-ignores.a = ["queries"]'})
    )
    assert loaded.mistakes == ()
    assert loaded.config.select == ("x",)
    assert loaded.config.ignored_for("a/b.py") == {"queries"}


@pytest.mark.parametrize("value", ["3", '"all"', "[]", "[[1]]"])
def test_a_tool_entry_that_is_no_table_is_told(value: str) -> None:
    text = f"[tool]\ndjguide = {value}\n"
    loaded = load_config(HERE, reader({"/repo/pyproject.toml": text}))
    # Without a header of ours, the entry itself says that the file means us.
    assert [at for _, at in told(loaded, text)] == [value]
    assert loaded.mistakes[0].message.startswith("The settings must be a table, not ")
    assert loaded.config == Config()


# --- broken files ----------------------------------------------------------------------------------------


def test_a_syntax_error_is_told_where_it_is() -> None:
    text = 'ignore = ["models"]\nselect = queries\nexclude = []\n'
    loaded = load(text)
    assert not loaded.valid
    assert told(loaded, text) == [("Not valid TOML: Invalid value", "queries")]
    assert loaded.config == Config()


def test_a_text_that_ends_too_early_is_told_at_its_end() -> None:
    text = 'select = [\n  "queries",\n\n'
    loaded = load(text)
    assert len(loaded.mistakes) == 1
    place = loaded.mistakes[0].range
    assert place is not None
    assert place.end == Position(1, 12)
    assert place.start < place.end


def test_somebody_elses_syntax_error_does_not_cost_our_settings() -> None:
    text = '[tool.black]\nline-length = \n\n[tool.djguide]\nignore = ["models", "nonsense"]\n\n[tool.x]\na = [1\n'
    loaded = load(text, name="pyproject.toml")
    assert loaded.config.ignore == ("models",)
    assert not loaded.valid
    assert [at for _, at in told(loaded, text)][1] == '"nonsense"'
    assert loaded.mistakes[0].range and loaded.mistakes[0].range.start.line == 1


def test_overrides_count_beside_a_broken_file() -> None:
    assert load("ignore = [", {"ignore": ["queries"]}).config.ignore == ("queries",)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5_000,
        "a = " + "9" * 10_000,
        "\x00",
        "= 1",
        "[tool.djguide",
        "a = 1\na = 2",
        "\ufeff = 1",
        '"',
    ],
)
def test_whatever_the_file_holds_is_a_mistake_and_no_error(text: str) -> None:
    for name in ("djguide.toml", "pyproject.toml"):
        whole = text if name == "djguide.toml" else f"[tool.djguide]\n{text}"
        loaded = load(whole, name=name)
        assert loaded.mistakes
        assert not loaded.valid


def test_a_byte_order_mark_moves_nothing() -> None:
    text = "\ufeffselct = []\n"
    loaded = load(text)
    assert loaded.valid
    assert told(loaded, text) == [("Unknown key 'selct'; did you mean 'select'?", "selct")]


# --- schema ----------------------------------------------------------------------------------------------


def conforms(value: object, rule: dict[str, Any]) -> bool:
    """Whether `value` is what the schema's own keywords ask for; any other keyword fails the test."""
    known = {"type", "items", "enum", "pattern", "properties", "additionalProperties", "required"}
    known |= {"title", "description", "examples", "default", "$schema"}
    assert rule.keys() <= known, rule.keys() - known
    if "enum" in rule:
        return value in rule["enum"]
    if rule["type"] == "string":
        return isinstance(value, str) and re.search(rule.get("pattern", ""), value) is not None
    if rule["type"] == "array":
        return isinstance(value, list) and all(conforms(item, rule["items"]) for item in value)
    if rule["type"] != "object" or not isinstance(value, dict):
        return False
    others = rule["additionalProperties"]
    return all(
        conforms(item, rule["properties"][key])
        if key in rule.get("properties", {})
        else bool(others) and conforms(item, others)
        for key, item in value.items()
    )


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (EVERYTHING, True),
        ("", True),
        ("selct = []", False),
        ('select = "queries"', False),
        ("exclude = [1]", False),
        ('severity.queries = "off"', True),
        ('severity.queries = "loud"', False),
        ('severity = ["off"]', False),
        ('per-path-ignores.tests = ["all"]', True),
        ('per-path-ignores.tests = "all"', False),
        ('settings-module = "config.settings"', True),
        ('settings-module = "config/settings.py"', False),
        ("baseline = true", False),
        ('known-findings = "hint"', True),
        ('known-findings = "loud"', False),
    ],
)
def test_schema_and_loader_agree(text: str, right: bool) -> None:
    assert conforms(tomllib.loads(text), schema()) is right
    assert (load(text).mistakes == ()) is right


def test_the_schema_describes_every_key() -> None:
    properties = schema()["properties"]
    assert set(properties) == {name.replace("_", "-") for name in Config.__struct_fields__}
    assert all(entry["description"].endswith(".") for entry in properties.values())
    assert "null" not in json.dumps(schema())


@given(st.text(alphabet="ab=[]{}\"'#.,\n\\ 1", max_size=60))
def test_any_text_is_a_configuration_or_a_mistake(text: str) -> None:
    assert load_config(HERE, reader({"/repo/djguide.toml": text}), rules=RULES).root == Path("/repo")
