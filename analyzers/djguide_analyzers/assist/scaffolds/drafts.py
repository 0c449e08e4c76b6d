"""What is added to files: definitions with the imports they need, in files that are there and in new ones."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from djguide_analyzers.assist.refactorings.base import Change
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Module
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import bound_name, import_names
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

_MARKED = re.compile(r"«([\w.]+)»")
LINE_LENGTH = 88
_FRAMEWORKS = frozenset({"django", "rest_framework", "unittest"})


@dataclass
class Draft:
    """Definitions for the file `path`.

    In `text`, names that are imported stand as ``«module.name»``; `defines` are the names it binds. `inserts` are
    other texts of that form, by the places in a file that is there.
    """

    path: str
    text: str
    defines: tuple[str, ...]
    inserts: list[tuple[Position, str]] = field(default_factory=list)

    def marked_names(self) -> dict[str, None]:
        """The dotted names in all texts, in order, each once."""
        texts = [*(text for _, text in self.inserts), self.text]
        return dict.fromkeys(name for text in texts for name in _MARKED.findall(text))

    def imports(self, own: str) -> dict[str, list[str]]:
        """Names to import by module, in order, for the module called `own`."""
        found: dict[str, list[str]] = {}
        for dotted in self.marked_names():
            module, _, name = dotted.rpartition(".")
            if module != own:
                found.setdefault(module, []).append(name)
        return found


def marked(place: tuple[str, str]) -> str:
    """A name as drafts write it, of module and name."""
    return f"«{place[0]}.{place[1]}»"


def change(subject: Subject, drafts: Iterable[Draft]) -> Change | None:
    """The change that all of them make together; None where one does not fit in."""
    edits: list[Edit] = []
    created: dict[str, str] = {}
    for draft in _merged(drafts):
        there = subject.source.context(draft.path)
        if there is None:
            created |= _packages(subject, draft.path)
            created[draft.path] = _new_file(subject, _told_apart(draft, frozenset(), frozenset()))
            continue
        added = _added(there, draft)
        if added is None:
            return None
        edits += added
    return subject.source.checked(Change(tuple(edits), created))


def _merged(drafts: Iterable[Draft]) -> list[Draft]:
    """One draft for each file."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        known = found.get(draft.path)
        if known is None:
            found[draft.path] = draft
        else:
            text = "\n\n".join(each for each in (known.text, draft.text) if each)
            defines = (*known.defines, *draft.defines)
            found[draft.path] = Draft(draft.path, text, defines, [*known.inserts, *draft.inserts])
    return list(found.values())


def module_name(subject: Subject, path: str) -> str:
    """The name under which the module in `path` is imported, or will be."""
    known = subject.project.modules.get(path)
    if known is not None:
        return known.name
    inside = posixpath.relpath(path, subject.folder).removesuffix(".py").removesuffix("/__init__")
    return f"{subject.package}.{inside.replace('/', '.')}"


def _told_apart(draft: Draft, taken: frozenset[str], known: frozenset[str]) -> Draft:
    """The draft with names that mean something else in the file written through their modules.

    A model called ``TestCase`` is imported itself, and Django's class of this name is then ``test.TestCase``.

    Args:
        taken: The names that the file binds already.
        known: Dotted names that it has imported under their own name, though that is among `taken`.
    """
    first: dict[str, str] = {}
    clashing: set[str] = set()
    # The project's own classes keep their short names.
    for dotted in sorted(draft.marked_names(), key=lambda each: each.partition(".")[0] in _FRAMEWORKS):
        name = dotted.rpartition(".")[2]
        if dotted not in known and (name in taken or name in draft.defines or name in first):
            clashing.add(dotted)
        else:
            first[name] = dotted

    def written(text: str) -> str:
        return _MARKED.sub(
            lambda match: "«{}».{}".format(*match[1].rsplit(".", 1)) if match[1] in clashing else match[0],
            text,
        )

    inserts = [(at, written(text)) for at, text in draft.inserts]
    return Draft(draft.path, written(draft.text), draft.defines, inserts)


def _added(there: FileContext, draft: Draft) -> list[Edit] | None:
    """What a file that is there gets; None where it cannot be read in full, or a name is taken."""
    if there.module.facts.problems or any(name in there.module.symbols.names for name in draft.defines):
        return None
    own = there.module.name
    known = {
        dotted for dotted in draft.marked_names()
        if dotted.rpartition(".")[0] == own or bound_name(there, *dotted.rsplit(".", 1)) is not None
    }  # fmt: skip
    draft = _told_apart(draft, frozenset(there.module.symbols.names), frozenset(known))
    edits: list[Edit] = []
    spelled: dict[str, str] = {}
    for module, names in draft.imports(own).items():
        found = import_names(there, module, names)
        if found is None:
            return None
        spelled |= {f"{module}.{name}": text for name, text in found[0].items()}
        edits += found[1]

    def written(text: str) -> str:
        return _MARKED.sub(lambda match: spelled.get(match[1]) or match[1].rpartition(".")[2], text)

    edits += [Edit(there.path, Range(at, at), written(text)) for at, text in draft.inserts]
    if draft.text:
        before = there.lines.text
        end = there.lines.position(len(before))
        gap = "" if not before.strip() else "\n\n" if before.endswith("\n") else "\n\n\n"
        edits.append(Edit(there.path, Range(end, end), f"{gap}{written(draft.text)}"))
    return edits


def _packages(subject: Subject, path: str) -> dict[str, str]:
    """The ``__init__.py`` files that folders of a new file lack."""
    found: dict[str, str] = {}
    folder = posixpath.dirname(path)
    while len(folder) > len(subject.folder):
        init = f"{folder}/__init__.py"
        if subject.source.read(init) is None:
            found[init] = ""
        folder = posixpath.dirname(folder)
    return found


# --- new files -------------------------------------------------------------------------------------------


def _new_file(subject: Subject, draft: Draft) -> str:
    relative = posixpath.dirname(draft.path) == subject.folder and imports_relatively(subject)
    sections: dict[int, list[str]] = {}
    for module, names in draft.imports(module_name(subject, draft.path)).items():
        own = module == subject.package or module.startswith(f"{subject.package}.")
        source = (module.removeprefix(subject.package) or ".") if own and relative else module
        sections.setdefault(_section(subject, source), []).append(_import(source, sorted(names)))
    head = "\n\n".join("\n".join(sorted(sections[number], key=str.lower)) for number in sorted(sections))
    text = _MARKED.sub(lambda match: match[1].rpartition(".")[2], draft.text)
    return f"{head}\n\n\n{text}" if head else text


def _section(subject: Subject, source: str) -> int:
    """Which group of imports one belongs to: standard library, packages, the project, the application."""
    top = source.partition(".")[0]
    if not top:
        return 3
    if top in sys.stdlib_module_names:
        return 0
    found = subject.project.resolver.module(top)
    own = top == subject.package.partition(".")[0] or (found is not None and found.origin == "project")
    return 2 if own else 1


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE_LENGTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def imports_relatively(subject: Subject) -> bool:
    """Whether the modules of the application import each other with dots, as most of them do it."""
    dots = absolute = 0
    for module in _modules(subject):
        for chunk in module.facts.chunks:
            for node in chunk.outline:
                if isinstance(node, ir.ImportFrom):
                    dots += node.level > 0
                    absolute += not node.level and f"{node.module}.".startswith(f"{subject.package}.")
    return dots >= absolute


def _modules(subject: Subject) -> Iterator[Module]:
    for path, module in subject.project.modules.items():
        if posixpath.dirname(path) == subject.folder:
            yield module


def bracketed(before: str, items: Iterable[str], indent: str, brackets: str = "()") -> str:
    """``before(items)``, in one line or one item per line."""
    listed = list(items)
    line = f"{before}{brackets[0]}{', '.join(listed)}{brackets[1]}"
    if len(_MARKED.sub(lambda match: match[1].rpartition(".")[2], indent + line)) <= LINE_LENGTH:
        return line
    inner = "".join(f"{indent}    {item},\n" for item in listed)
    return f"{before}{brackets[0]}\n{inner}{indent}{brackets[1]}"


def tuple_of(before: str, names: Iterable[str], indent: str) -> str:
    """``before("name", ...)``, a tuple of texts in one line or one text per line."""
    listed = [f'"{name}"' for name in names]
    return f"{before}({listed[0]},)" if len(listed) == 1 else bracketed(before, listed, indent)
