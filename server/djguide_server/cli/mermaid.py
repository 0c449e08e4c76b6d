"""The model graph as a Mermaid entity-relationship diagram."""

from __future__ import annotations

import re
from typing import Any

_LINKS = {"fk": "}o--", "o2o": "|o--", "m2m": "}o--", "generic": "||--"}


def entity_diagram(graph: dict[str, Any]) -> str:
    """`graph`, in the shape of ``djguide models --format json``, as the text of an ``erDiagram``.

    Relations whose target is not known (generic foreign keys, computed targets) have no line.
    """
    names = _Names()
    lines = ["erDiagram"]
    for model in graph["models"]:
        lines.append(f'    {names[model["label"]]}["{_quoted(model["label"])}"] {{')
        lines += [f"        {_attribute(field, model)}" for field in model["fields"]]
        lines.append("    }")
    defined = {model["label"] for model in graph["models"]}
    external: dict[str, None] = {}
    links: list[str] = []
    for model in graph["models"]:
        for relation in model["relations"]:
            if relation["kind"] not in _LINKS or not relation["target"]:
                continue
            if relation["target"] not in defined:
                external[relation["target"]] = None
            links.append(f"    {_link(model, relation, names)}")
    lines += [f'    {names[label]}["{_quoted(label)}"]' for label in external]
    return "\n".join([*lines, *links]) + "\n"


class _Names(dict[str, str]):
    """Identifiers of the diagram by model label; different labels never share one."""

    def __missing__(self, label: str) -> str:
        base = name = re.sub(r"\W", "_", label, flags=re.ASCII)
        number = 2
        while name in self.values():
            name = f"{base}_{number}"
            number += 1
        self[label] = name
        return name


def _attribute(field: dict[str, Any], model: dict[str, Any]) -> str:
    relations = {relation["name"] for relation in model["relations"]}
    keys = [
        key
        for key, holds in (
            ("PK", field.get("primary_key")),
            ("FK", field["name"] in relations),
            ("UK", field.get("unique") and not field.get("primary_key")),
        )
        if holds
    ]
    type_ = _word((field.get("class") or "Field").rsplit(".", 1)[-1])
    return f"{type_} {_word(field['name'])} {', '.join(keys)}".rstrip()


def _word(name: str) -> str:
    """`name` as an attribute's name or type: Mermaid takes ``fk`` for a key in whatever case it is written."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"{word}_" if word.upper() in ("PK", "FK", "UK") else word


def _link(model: dict[str, Any], relation: dict[str, Any], names: _Names) -> str:
    nullable = {field["name"] for field in model["fields"] if field.get("null")}
    if relation["kind"] in ("m2m", "generic"):
        end = "o{"
    else:
        end = "o|" if relation["name"] in nullable else "||"
    link = f"{names[model['label']]} {_LINKS[relation['kind']]}{end} {names[relation['target']]}"
    return f'{link} : "{_quoted(relation["name"])}"'


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())
