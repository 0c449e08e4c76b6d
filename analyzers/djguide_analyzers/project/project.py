"""One Django project: everything its files say, linked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from djguide_analyzers.project.discovery import DiscoveredProject
from djguide_analyzers.project.environment import Environment
from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.project.memo import Memo
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import Settings
from djguide_analyzers.project.templates import Templates
from djguide_analyzers.project.versions import VersionRange

T = TypeVar("T")
K = TypeVar("K", bound="Forgetful")


class Forgetful(Protocol):
    """Something that keeps values which rest on files."""

    def questions(self) -> set[str]:
        """The questions about all files that some value rests on."""
        ...

    def forget(self, keys: Set[str], answered: Set[str]) -> None:
        """Drop what rests on one of `keys` (`Module.keys`), or on a question that is answered otherwise now."""
        ...


@dataclass(eq=False)
class Project:
    """The facts of a project's files, linked.

    Attributes:
        root: Absolute POSIX path of its folder.
        modules: The project's own modules by path.
        graph: Its models and those of the packages it uses.
        settings: What its settings module says.
        version: The Django versions it may run on; None when nothing tells.
        environment: Where its third-party packages are read from.
        discovered: How it was found.
        templates: Its templates and those of the packages it uses, with their tag libraries.
        decorators: Names of the decorators of each function asked about so far.
        attribute_setters: Methods that set an attribute of ``self``, by its name, of each class asked about so far.
        shapes: The one model that has a set of attributes, of each set asked about so far.
        plain_classes: Names that instances of classes other than models have, one set per class.
        summaries: What functions and module-level expressions were found to be, for the trace.
        overall: What was found out about calls and the like across modules; each forgets by itself.
    """

    root: str
    resolver: Resolver
    modules: dict[str, Module]
    graph: ModelGraph
    settings: Settings
    version: VersionRange | None
    environment: Environment
    discovered: DiscoveredProject
    templates: Templates
    decorators: dict[FunctionInfo, tuple[str, ...]] = field(default_factory=dict, repr=False)
    attribute_setters: dict[ClassInfo, dict[str, list[FunctionInfo]]] = field(
        default_factory=dict, repr=False
    )
    shapes: dict[frozenset[str], str | None] = field(default_factory=dict, repr=False)
    plain_classes: list[frozenset[str]] | None = field(default=None, repr=False)
    summaries: Memo[Any] = field(default_factory=lambda: Memo(attrgetter("modules")), repr=False)
    overall: dict[Hashable, Forgetful] = field(default_factory=dict, repr=False)
    _kept: dict[Callable[[Project], object], object] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Project], T]) -> T:
        """What `make` says of the project, asked once: for what rests on outlines and settings, not on bodies."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return self._kept[make]  # type: ignore[return-value]

    def shared(self, key: Hashable, make: Callable[[], K]) -> K:
        """What `make` returns, kept under `key` as long as the project is linked.

        It sees to it that whoever gets something out of it is noted to rest on what that rests on.
        """
        if key not in self.overall:
            self.overall[key] = make()
        return self.overall[key]  # type: ignore[return-value]

    def snapshot(self) -> Project:
        """The same for another thread, to be made while nothing else works on it.

        Shares what linking made, which nobody changes, and remembers for itself what it finds out. It reads no
        files: modules and templates that were not read yet are not there.
        """
        for module in self.modules.values():
            self.resolver.module(module.name)
        resolver = self.resolver.snapshot()
        return Project(
            self.root,
            resolver,
            self.modules,
            self.graph,
            self.settings,
            self.version,
            self.environment,
            self.discovered,
            self.templates.snapshot(resolver),
        )

    @cached_property
    def request_setters(self) -> dict[str, list[FunctionInfo]]:
        """Functions of the project that set an attribute of the request, by its name."""
        found: dict[str, list[FunctionInfo]] = {}
        for module in self.modules.values():
            for info in module.functions():
                for dotted in info.node.sets:
                    holder, _, name = dotted.rpartition(".")
                    if holder == "request" or holder.endswith(".request"):
                        found.setdefault(name, []).append(info)
        return found

    @cached_property
    def _loads(self) -> str:
        """All relation paths that code of the project asks to be loaded, each on a line between underscores."""
        paths = {
            path for module in self.modules.values() for chunk in module.facts.chunks for path in chunk.loads
        }
        return "\n".join(f"__{path}__" for path in sorted(paths))

    def may_load(self, path: tuple[str, ...]) -> bool:
        """Whether any code of the project may load relations along `path`, on whatever way it gets to its start.

        When none does, rows that came from anywhere have not loaded its last relation in one go.
        """
        joined = "__".join(path)
        starts = ("__".join(path[:end]) for end in range(1, len(path)))
        return f"__{joined}__" in self._loads or any(f"__{start}__*__" in self._loads for start in starts)

    @property
    def models(self) -> ModelGraph:
        """The model graph, for lookups by label."""
        return self.graph
