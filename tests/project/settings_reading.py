"""Helpers shared by the tests of settings: evaluating modules that are given as texts."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.settings import Settings, Unknown, evaluate_settings

SOMETHING = "something unknown"


def evaluate(text: str = "", module: str = "site.settings", **options: Any) -> Settings:
    """Settings of `module`, whose text is `text`; other modules are given as ``files={"site.base": text}``."""
    files = {module: text, **options.pop("files", {})}
    packages = {name.rpartition(".")[0] for name in files} - {""}
    files = {**dict.fromkeys(packages - files.keys(), ""), **files}

    def load(name: str) -> Module | None:
        if name not in files:
            return None
        inside = name.replace(".", "/") + ("/__init__" if name in packages else "")
        return Module(
            name, f"/w/{inside}.py", python_facts(dedent(files[name])), options.get("origin", "project")
        )

    known = {key: value for key, value in options.items() if key != "origin"}
    return evaluate_settings(load, module, **known)


def values(text: str, name: str = "X", **options: Any) -> list[Any]:
    """The alternatives of a setting, each unknown one as `SOMETHING`."""
    return [plain(value) for value in evaluate(text, **options).get(name).alternatives]


def plain(value: Any) -> Any:
    return SOMETHING if isinstance(value, Unknown) else value


def entries(text: str, name: str = "X", **options: Any) -> list[tuple[str, bool]]:
    return [(entry.value, entry.certain) for entry in evaluate(text, **options).entries(name)]
