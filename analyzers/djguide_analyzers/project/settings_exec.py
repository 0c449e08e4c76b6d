"""Static evaluation of the statements of settings modules, in order and across modules.

Where a condition is not known both branches are followed and joined. Each method that runs statements
returns whether control may go on after them. Two names are taken to hold two objects: a list that is changed
through one name after it was given a second one keeps its old items under the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body
from djguide_analyzers.project import settings_methods as methods
from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.settings_calls import NAMESPACES
from djguide_analyzers.project.settings_eval import Load
from djguide_analyzers.project.settings_flow import ControlFlow
from djguide_analyzers.project.settings_imports import Imports
from djguide_analyzers.project.settings_objects import Func, Klass
from djguide_analyzers.project.settings_parts import delete_item, set_item, soften
from djguide_analyzers.project.settings_scope import Frame, State
from djguide_analyzers.project.settings_values import (
    Const,
    Item,
    Map,
    Option,
    Ref,
    Seq,
    Slot,
    Symbol,
    Unknown,
    Value,
    const,
    union,
    unknown,
)

_MAX_CALLS = 6
_HARMLESS = re.compile(
    r"print|warn|log|debug|info|error|exception|assert|check|validate|init|setup", re.IGNORECASE
)


class Statements(ControlFlow, Imports):
    """Evaluates the statements of modules, classes and functions.

    Attributes:
        import_path: Folders that the modules put on ``sys.path``, in order.
    """

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self.import_path: list[str] = []
        self._calls: list[Func] = []

    # --- functions ---

    def call_function(self, target: object, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        """What a function of an evaluated module returns; None when nobody can tell."""
        if not isinstance(target, Func) or target.node.is_generator or target.node.is_async:
            return None
        if target.node.decorators or len(self._calls) >= _MAX_CALLS or target in self._calls:
            return None
        bound = self._bind_parameters(target, args, keywords)
        if bound is None:
            return None
        number = target.node.body
        frame = Frame(
            target.frame.module, State(bound), target.frame.top, target.chunk, target.chunk.body_spans[number]
        )
        self._calls.append(target)
        try:
            if self.run(decode_body(target.chunk.bodies[number]), frame):
                frame.returns.append(const(None))
        finally:
            self._calls.pop()
        return union(frame.returns) if frame.returns else unknown(f"{target.node.name} does not return")

    def _bind_parameters(
        self, target: Func, args: list[Value], keywords: dict[str, Value]
    ) -> dict[str, Value] | None:
        bound: dict[str, Value] = {}
        signature = Frame(target.frame.module, State(), target.frame.top, target.chunk, target.spans)
        rest = list(args)
        named = dict(keywords)
        for param in target.node.params.items:
            if param.kind in {"pos", "any"} and rest:
                bound[param.name] = rest.pop(0)
            elif param.kind == "*":
                items = tuple(Item(value, True) for value in rest)
                bound[param.name] = Value((Seq("tuple", items),))
                rest = []
            elif param.kind == "**":
                bound[param.name] = Value((Map({name: Slot(value, True) for name, value in named.items()}),))
                named = {}
            elif param.name in named:
                bound[param.name] = named.pop(param.name)
            elif param.default is not None:
                bound[param.name] = self.eval(param.default, signature)
            else:
                return None
        return None if rest or named else bound

    # --- statements ---

    def run(self, statements: list[ir.Stmt], frame: Frame) -> bool:
        """Run a block."""
        for statement in statements:
            if not self.spend():
                frame.blur("the module takes too long to evaluate")
                return True
            if not self._run_one(statement, frame):
                return False
        return True

    def _run_one(self, node: ir.Stmt, frame: Frame) -> bool:
        frame.statement = node
        match node:
            case ir.Assign(targets=targets, value=value) if value is not None:
                result = self.eval(value, frame).at(frame.place(node))
                self._change_by(value, frame)
                for target in targets:
                    self.assign(target, result, frame)
            case ir.AugAssign():
                self._augment(node, frame)
            case ir.ExprStmt(value=value):
                return self._expression(value, frame)
            case ir.Import() | ir.ImportFrom():
                return self.import_names(node, frame)
            case ir.FunctionDef():
                if frame.chunk is not None:
                    frame.set(node.name, Value((Ref(Func(node, frame.chunk, frame.spans, frame)),)))
                    self._note_listing(node.name, frame)
            case ir.ClassDef():
                self._class(node, frame)
            case ir.Return(value=value):
                frame.returns.append(const(None) if value is None else self.data(value, frame))
                return False
            case ir.Raise():
                return False
            case _:
                return self._simple(node, frame)
        return True

    def _simple(self, node: ir.Stmt, frame: Frame) -> bool:
        if isinstance(node, ir.Delete):
            for target in node.targets:
                self._delete(target, frame)
        elif isinstance(node, ir.Scope) and node.kind == "global":
            frame.shared |= set(node.names)
        else:
            return self.control(node, frame) is not False
        return True

    def _class(self, node: ir.ClassDef, frame: Frame) -> None:
        inner = Frame(frame.module, State(), frame, frame.chunk, frame.spans)
        self.run(node.body, inner)
        bases = [self.eval(base, frame) for base in node.bases]
        klass = Klass(node.name, frame.module.name, bases, inner.state.names)
        frame.set(node.name, Value((Ref(klass),)))

    # --- assignments ---

    def assign(self, target: ir.Expr, value: Value, frame: Frame) -> None:
        match target:
            case ir.Name(id=name):
                frame.set(name, self.bounded(value))
                self._note_listing(name, frame)
            case ir.Subscript(value=base, index=index):
                key = self._key(index, frame)
                if self._is_namespace(base, frame):
                    self._set_global(key, value, frame)
                elif isinstance(base, ir.Attr) and self.data(base, frame).only == Symbol("sys.modules"):
                    frame.blur("a module is put in another's place")
                else:
                    self._update(base, frame, lambda option: set_item(option, key, value))
            case ir.Display(items=items):
                for part, item in zip(items, self.unpack(value, items), strict=True):
                    part = part.value if isinstance(part, ir.Star) else part
                    self.assign(part, Value(item.options, value.places), frame)

    def _note_listing(self, name: str, frame: Frame) -> None:
        """A module with a ``__dir__`` of its own may have settings that no statement sets."""
        if name == "__dir__" and frame.outer is None:
            frame.blur("__dir__() of the module may name anything")

    def _is_namespace(self, node: ir.Expr, frame: Frame) -> bool:
        """Whether `node` is the namespace of the module: ``globals()``, or a name that holds it."""
        called = isinstance(node, ir.Call) and isinstance(node.func, ir.Name) and not node.args
        option = self.data(node, frame).only if called or isinstance(node, ir.Name) else None
        return isinstance(option, Symbol) and option.dotted in NAMESPACES

    def _set_global(self, key: Option, value: Value, frame: Frame) -> None:
        if isinstance(key, Const) and isinstance(key.value, str):
            frame.top.state.names[key.value] = value
        else:
            frame.blur("globals() is assigned to")

    def _key(self, index: ir.Expr, frame: Frame) -> Option:
        return self.data(index, frame).only or Unknown("one of several keys")

    def _update(self, node: ir.Expr, frame: Frame, change: Callable[[Option], Option]) -> None:
        """Replace the object that `node` names by what `change` makes of it."""
        if not isinstance(node, (ir.Name, ir.Subscript)):
            return
        before = self.data(node, frame)
        after = union(Value((change(option),)) for option in before.options)
        place = frame.place(node)
        places = dict.fromkeys((*before.places, place)) if place is not None else before.places
        self.assign(node, Value(after.options, tuple(places)), frame)

    def _augment(self, node: ir.AugAssign, frame: Frame) -> None:
        right = self.data(node.value, frame)
        if isinstance(node.target, (ir.Name, ir.Subscript)):
            before = self.data(node.target, frame)
            after = ops.binary(before, node.op.removesuffix("="), right)
            place = frame.place(node)
            places = tuple(dict.fromkeys((*before.places, *([place] if place else ()))))
            self.assign(node.target, Value(after.options, places), frame)

    def _delete(self, target: ir.Expr, frame: Frame) -> None:
        if isinstance(target, ir.Name):
            frame.state.names.pop(target.id, None)
        elif isinstance(target, ir.Subscript):
            key = self._key(target.index, frame)
            self._update(target.value, frame, lambda option: delete_item(option, key))

    def _expression(self, node: ir.Expr, frame: Frame) -> bool:
        """An expression for its effect: a method that changes its object, an include, an exit."""
        if isinstance(node, ir.IfExp):
            body, orelse = ir.ExprStmt(node.body.at, node.body), ir.ExprStmt(node.orelse.at, node.orelse)
            return self.run([ir.If(node.at, node.test, [body], [orelse])], frame)
        if isinstance(node, ir.Bool) and len(node.values) == 2:
            last: list[ir.Stmt] = [ir.ExprStmt(node.values[1].at, node.values[1])]
            branches = (last, []) if node.op == "and" else ([], last)
            return self.run([ir.If(node.at, node.values[0], *branches)], frame)
        if not isinstance(node, ir.Call):
            self.eval(node, frame)
            return True
        if self._change_by(node, frame):
            return True
        func = node.func
        callee = self.eval(func, frame).only
        dotted = callee.dotted if isinstance(callee, Symbol) else ""
        if dotted in {"sys.exit", "builtins.exit", "builtins.quit", "os._exit"}:
            return False
        if dotted == "split_settings.tools.include":
            self.include(node, frame)
            return True
        if dotted in {"sys.path.insert", "sys.path.append"} and node.args:
            option = self.data(node.args[-1], frame).only
            if option is not None and (text := ops.text_of(option)) is not None:
                self.import_path.append(text)
            return True
        self.eval(node, frame)
        name = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
        if not _HARMLESS.search(name):
            self._soften_arguments(node, frame)
        return True

    def _change_by(self, node: ir.Expr, frame: Frame) -> bool:
        """Apply a method that changes its object; False when `node` is no such call."""
        if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr):
            return False
        target, name = node.func.value, node.func.name
        if name not in methods.CHANGING or not isinstance(target, (ir.Name, ir.Subscript)):
            return False
        if isinstance(self.data(target, frame).only, Symbol):
            return False  # of a module, or of globals()
        args = [self.eval(arg.value if isinstance(arg, ir.Star) else arg, frame) for arg in node.args]
        args = [value.at(frame.place(arg)) for value, arg in zip(args, node.args, strict=True)]
        named = {k.name: self.eval(k.value, frame) for k in node.keywords if k.name is not None}
        self._update(target, frame, lambda option: methods.change(self, option, name, args, named))
        return True

    def _soften_arguments(self, node: ir.Call, frame: Frame) -> None:
        """A function nobody can follow may change the lists and dictionaries it is given."""
        for arg in node.args:
            if isinstance(arg, ir.Name) and arg.id in frame.state.names:
                value = frame.state.names[arg.id]
                if any(isinstance(option, (Seq, Map)) for option in value.options):
                    options = tuple(soften(option) for option in value.options)
                    frame.state.names[arg.id] = Value(options, value.places)
