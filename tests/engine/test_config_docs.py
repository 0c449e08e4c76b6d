"""The documentation of the configuration: every key with an example that the loader takes, and the schema."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from djguide_analyzers.engine.config import Config, load_config, schema
from djguide_analyzers.rules import registry

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "configuration.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### ([\w-]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_every_key_is_documented() -> None:
    assert set(SECTIONS) == {name.replace("_", "-") for name in Config.__struct_fields__}


@pytest.mark.parametrize("key", SECTIONS)
def test_the_section_of_a_key_shows_it(key: str) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", SECTIONS[key], re.DOTALL)
    assert list(tomllib.loads(example)) == [key]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_right(example: str) -> None:
    name = "/repo/pyproject.toml" if "[tool.djguide]" in example else "/repo/djguide.toml"
    loaded = load_config(Path("/repo"), {Path(name): example}.get, rules=registry.practices())
    assert loaded.path == Path(name)
    assert loaded.mistakes == ()
    assert loaded.config != Config()


def test_the_published_schema_is_the_loaders() -> None:
    """`djguide config-schema > docs/djguide.schema.json` writes it anew."""
    published = json.loads((DOCS / "djguide.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(schema()))
