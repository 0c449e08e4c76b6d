"""What a finding is recognised by from one check to the next, in a baseline and by the services that show findings.

A fingerprint is made of the rule, the file, the definition around the finding, its code without layout, and
the relation it is about. Line numbers and messages are no part of it: it stays the same when lines move, when
a formatter breaks the line differently, and when a rule learns to say it better.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.modules import Module, Value
from djguide_analyzers.rules.finding import Finding
from djguide_analyzers.source.positions import LineIndex, Position, Range

_LAYOUT = re.compile(r"\s+")
_TRAILING_COMMA = re.compile(r",(?=[)\]}])")
_LONGEST = 200
"""Characters of code that tell findings apart; a whole body would change with every edit in it."""
_ABOUT = 80


class Identity(Struct, frozen=True):
    """What the fingerprint of a finding rests on. `path` is relative to the configuration's folder where possible.

    `definition` is the qualified name of the class, function or assignment around it, empty in templates and
    other statements of the top level; `about` the beginning of its first line, for people.
    """

    code: str
    path: str
    definition: str
    about: str
    fingerprint: str


class Identifier:
    """Identifies findings of one workspace folder; texts and definitions are kept as long as it lives.

    Args:
        root: Folder that paths are relative to, absolute and in POSIX form.
        read: Text of a file; None when it cannot be read.
        module: The module at a path; None for what is no Python file of the project.
    """

    def __init__(
        self, root: str, read: Callable[[str], str | None], module: Callable[[str], Module | None]
    ) -> None:
        self._root = root
        self._read = read
        self._module = module
        self._lines: dict[str, LineIndex] = {}
        self._definitions: dict[str, list[tuple[Range, str]]] = {}

    def identity(self, finding: Finding, *, called: str | None = None) -> Identity:
        """What `finding` is recognised by. Findings that nothing tells apart share it.

        `called` is the relative path to go by, if it is not the file's own: what it was called before.
        """
        path, place = finding.place
        text = self._index(path).slice(place)
        relative = called or (path[len(self._root) + 1 :] if is_inside(path, self._root) else path)
        definition = self._definition(path, place.start)
        relation = "\0".join(str(finding.data.get(key, "")) for key in ("model", "relation"))
        parts = (finding.code, relative, definition, normalised(text)[:_LONGEST], relation)
        digest = hashlib.blake2s("\0".join(parts).encode(errors="surrogatepass"), digest_size=12).hexdigest()
        about = " ".join(text.partition("\n")[0].split())[:_ABOUT]
        return Identity(finding.code, relative, definition, about, digest)

    def identified(self, findings: Iterable[Finding]) -> list[Finding]:
        """`findings`, which must be in order of place, each with its fingerprint.

        Equal ones are numbered, so that a service which shows each fingerprint once shows all of them.
        """
        seen: Counter[str] = Counter()
        result: list[Finding] = []
        for finding in findings:
            fingerprint = self.identity(finding).fingerprint
            seen[fingerprint] += 1
            number = seen[fingerprint]
            if number > 1:
                fingerprint = f"{fingerprint}-{number}"
            result.append(structs.replace(finding, fingerprint=fingerprint))
        return result

    def _index(self, path: str) -> LineIndex:
        if path not in self._lines:
            self._lines[path] = LineIndex(self._read(path) or "")
        return self._lines[path]

    def _definition(self, path: str, position: Position) -> str:
        """Qualified name of the innermost definition around `position`."""
        if path not in self._definitions:
            module = self._module(path)
            self._definitions[path] = [] if module is None else _definitions(module)
        around = [found for found in self._definitions[path] if found[0].contains(position)]
        return max(around, key=lambda found: found[0].start, default=(None, ""))[1]


def without_number(fingerprint: str) -> str:
    """The fingerprint that equal findings share."""
    return fingerprint.partition("-")[0]


def normalised(code: str) -> str:
    """`code` as every formatter leaves it: without white space, trailing commas and the choice of quotes."""
    return _TRAILING_COMMA.sub("", _LAYOUT.sub("", code)).replace("'", '"')


def _definitions(module: Module) -> list[tuple[Range, str]]:
    """Classes, functions, and what is assigned outside of functions: a model's fields are told apart by name."""
    classes = list(module.classes())
    found = [(cls.code.range(cls.node), cls.qualname) for cls in classes]
    found += [(info.code.range(info.node), info.qualname) for info in module.functions()]
    tables = [("", module.symbols), *((f"{cls.qualname}.", cls.members) for cls in classes)]
    for prefix, table in tables:
        for name, bindings in table.names.items():
            values = (binding for binding in bindings if isinstance(binding, Value))
            found += [(value.code.range(value.at), f"{prefix}{name}") for value in values]
    return found
