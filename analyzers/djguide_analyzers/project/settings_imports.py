"""Imports between settings modules: what they bring, and what happens when a module is not there."""

from __future__ import annotations

import posixpath
import re
import sys
from abc import abstractmethod
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.settings_eval import Expressions, Load
from djguide_analyzers.project.settings_operators import text_of
from djguide_analyzers.project.settings_scope import Frame, Opening, State
from djguide_analyzers.project.settings_values import Const, SettingPlace, Symbol, Value, unknown

_MAX_MODULES = 300
_MAX_DEPTH = 40
_OWN_NAMES = re.compile(r"local|setting|secret|private|override|custom|env|dev|prod|deploy", re.IGNORECASE)
"""A top-level module of such a name that isn't there is the project's own, kept out of version control."""


class Imports(Expressions):
    """Evaluates modules once each and binds what is imported from them.

    Attributes:
        missing: Modules of the project that are imported and are not there, with the places.
    """

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self.missing: list[tuple[str, SettingPlace]] = []
        self._frames: dict[str, Frame | None] = {}
        self._depth = 0

    @abstractmethod
    def run(self, statements: list[ir.Stmt], frame: Frame) -> bool:
        """Run a block; see `settings_exec.Statements`."""

    def module(self, name: str) -> Frame | None:
        """The frame of a module after its last statement; of one that is being evaluated, as it is now."""
        if name in self._frames:
            return self._frames[name]
        if len(self._frames) >= _MAX_MODULES or self._depth >= _MAX_DEPTH:
            return None
        module = self.load(name)
        if module is None:
            self._frames[name] = None
            return None
        frame = self._frames[name] = Frame(module, State())
        self._run_module(frame, module)
        return frame

    def _run_module(self, frame: Frame, module: Module) -> None:
        self._depth += 1
        try:
            for chunk in module.facts.chunks:
                frame.chunk, frame.spans = chunk, chunk.spans
                try:
                    if not self.run(chunk.outline, frame):
                        break
                except RecursionError:
                    _give_up(chunk, frame)
        finally:
            self._depth -= 1

    def import_names(self, node: ir.Import | ir.ImportFrom, frame: Frame) -> bool:
        """Run an import; False when it certainly fails inside a ``try`` that expects that."""
        if isinstance(node, ir.Import):
            for alias in node.names:
                if not self._passes(alias.name, False, node, frame):
                    return False
                dotted = alias.name if alias.asname else alias.name.partition(".")[0]
                frame.set(alias.asname or dotted, Value((Symbol(dotted),)))
            return True
        name = frame.module.absolute(node.module, node.level)
        if name is None:
            return True
        if not self._passes(name, node.level > 0, node, frame):
            return False
        for alias in node.names:
            if alias.name == "*":
                self._import_star(name, node, frame)
            else:
                frame.set(alias.asname or alias.name, Value((Symbol(f"{name}.{alias.name}"),)))
        return True

    def _passes(self, name: str, relative: bool, node: ir.Stmt, frame: Frame) -> bool:
        """Whether control goes on after an import; a failure is noted for the ``try`` around it."""
        presence = self._presence(name, relative)
        if presence == "present":
            return True
        if presence == "absent" and (place := frame.place(node)) is not None:
            self.missing.append((name, place))
        if not frame.guards:
            return True
        frame.raised.append(frame.state.copy())
        return presence != "absent"

    def _presence(self, name: str, relative: bool) -> Literal["present", "absent", "unknown"]:
        """Whether a module is there; third-party packages that were not found may be installed elsewhere."""
        if name == "__future__" or self.load(name) is not None:
            return "present"
        first, _, rest = name.partition(".")
        if relative:
            return "absent"
        if first in sys.stdlib_module_names:
            return "present"
        package = self.load(first)
        if package is not None:
            return "absent" if package.origin == "project" else "unknown"
        return "absent" if not rest and _OWN_NAMES.search(first) else "unknown"

    def _import_star(self, name: str, node: ir.Stmt, frame: Frame) -> None:
        source = self.module(name)
        if source is None:
            reason = f"everything is imported from {name}, which cannot be read"
            frame.state.cover(Opening(reason, frame.place(node)))
            return
        exported = source.state.names.get("__all__")
        listed = exported.constant if exported is not None else None
        for key, value in list(source.state.names.items()):
            if key in listed if listed is not None else not key.startswith("_"):
                frame.set(key, value)
        frame.state.opened(*source.state.openings)
        brought = {key: pair for key, pair in source.state.covered.items() if source.state.covering(key)}
        frame.state.covered.update(brought)

    def include(self, node: ir.Call, frame: Frame) -> None:
        """``include("components/base.py", optional("local.py"))`` of django-split-settings."""
        for arg in node.args:
            optional = isinstance(arg, ir.Call) and bool(arg.args)
            option = self.data(arg.args[0] if isinstance(arg, ir.Call) and arg.args else arg, frame).only
            text = text_of(option) if option is not None else None
            name = None if text is None else _module_beside(frame.module, text)
            module = None if name is None else self.load(name)
            if module is not None:
                # The file runs in the namespace of the module that includes it.
                self._run_module(Frame(module, frame.state), module)
            elif not optional or not isinstance(option, Const) or "*" in str(option.value):
                reason = "a file is included that cannot be read"
                frame.state.cover(Opening(reason, frame.place(node)))


def _give_up(chunk: ir.Chunk, frame: Frame) -> None:
    """A statement nested too deeply to be evaluated: what it sets is unknown."""
    for statement in chunk.outline:
        targets = statement.targets if isinstance(statement, ir.Assign) else []
        names = [target.id for target in targets if isinstance(target, ir.Name)]
        if isinstance(statement, ir.AugAssign) and isinstance(statement.target, ir.Name):
            names.append(statement.target.id)
        for name in names:
            frame.set(name, unknown("nested too deeply"))
        if not names:
            frame.blur("nested too deeply")


def _module_beside(module: Module, text: str) -> str | None:
    """Dotted name of the file at a path relative to `module`'s folder."""
    path = posixpath.normpath(text)
    if not path.endswith(".py") or path.startswith(("..", "/")) or "*" in path:
        return None
    inside = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{module.package}.{inside}" if module.package else inside
