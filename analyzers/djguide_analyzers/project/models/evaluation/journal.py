"""Trying alternatives: what evaluated code changes can be undone and compared.

Where a test cannot be decided, each branch runs on its own, and what they leave behind is joined: equal values
stay, different ones become `UNKNOWN`.
"""

from __future__ import annotations

from typing import Any

from djguide_analyzers.project.models.evaluation.values import MORE, UNKNOWN, join, same

_ABSENT = object()


class Journal:
    """Containers changed since it was opened, with what they held before."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Any, Any]] = {}

    def touch(self, container: Any) -> None:
        """Remember what `container` holds, before its first change."""
        if id(container) not in self.before:
            self.before[id(container)] = (container, container.copy())

    def take_back(self) -> dict[int, tuple[Any, Any]]:
        """Undo the changes; what the containers held after them, by identity."""
        after: dict[int, tuple[Any, Any]] = {}
        for key, (container, old) in self.before.items():
            after[key] = (container, container.copy())
            restore(container, old)
        return after


def restore(container: Any, content: Any) -> None:
    """Make `container` hold what `content` holds."""
    container.clear()
    if isinstance(container, list):
        container.extend(content)
    else:
        container.update(content)


def merge(alternatives: list[dict[int, tuple[Any, Any]]], touch: Any) -> list[tuple[Any, set[Any]]]:
    """Join the outcomes of `alternatives`, each as `Journal.take_back` gives them.

    Returns for each dictionary the keys that only some of the alternatives leave in it. `touch` is told of every
    container before it changes.
    """
    containers = {key: pair[0] for outcome in alternatives for key, pair in outcome.items()}
    uncertain: list[tuple[Any, set[Any]]] = []
    for key, container in containers.items():
        contents = [outcome[key][1] if key in outcome else container.copy() for outcome in alternatives]
        touch(container)
        if isinstance(container, dict):
            uncertain.append((container, _merge_dicts(container, contents)))
        elif isinstance(container, list):
            common = contents[0]
            if not all(same(content, common) for content in contents[1:]):
                restore(container, [*_common_start(contents), MORE])
            else:
                restore(container, common)
        else:
            restore(
                container, set().union(*contents, () if all(c == contents[0] for c in contents) else {MORE})
            )
    return uncertain


def _common_start(contents: list[list[Any]]) -> list[Any]:
    """The items that all of `contents` start with."""
    start: list[Any] = []
    for items in zip(*contents, strict=False):
        if items[0] is MORE or not all(same(items[0], item) for item in items[1:]):
            break
        start.append(items[0])
    return start


def _merge_dicts(container: dict[Any, Any], contents: list[dict[Any, Any]]) -> set[Any]:
    """Joined contents into `container`; a key that may be absent keeps its value and is returned."""
    maybe: set[Any] = set()
    merged: dict[Any, Any] = {}
    for key in dict.fromkeys(key for content in contents for key in content):
        values = [content.get(key, _ABSENT) for content in contents]
        present = [value for value in values if value is not _ABSENT]
        if len(present) < len(values):
            maybe.add(key)
        value = present[0]
        for other in present[1:]:
            value = join(value, other)
        merged[key] = value
    restore(container, merged)
    return maybe


def forget(container: Any) -> None:
    """Make nothing known of what `container` holds."""
    if isinstance(container, dict):
        for key in container:
            container[key] = UNKNOWN
        container[MORE] = True
    elif isinstance(container, list):
        container[:] = [MORE]
    else:
        container.clear()
        container.add(MORE)
