"""What runs while Django loads applications, as far as it may change models.

In Django's order: what ``apps`` modules hold and their configurations do when they are made, what the modules
with models hold beside classes, and at last the ``ready()`` of each configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.apps import App, AppTable
from djguide_analyzers.project.models.classes import ModelClasses
from djguide_analyzers.project.models.definition import is_django
from djguide_analyzers.project.models.evaluation import Instance, Interpreter
from djguide_analyzers.project.models.evaluation.values import Frame, Native, Raised
from djguide_analyzers.project.models.loading import Loaded, imported_by, reachable
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module, Value
from djguide_analyzers.project.resolve import called_name

_AUTODISCOVER = "django.utils.module_loading.autodiscover_modules"
CHANGING = frozenset({"add_to_class", "contribute_to_class"})
"""Methods that give a model class something it was not defined with."""


class Running:
    """Executes what is executed while applications are loaded."""

    def __init__(
        self, interpreter: Interpreter, apps: AppTable, classes: ModelClasses, loaded: Loaded
    ) -> None:
        self._x = interpreter
        self._apps = apps
        self._classes = classes
        self._loaded = loaded
        self._done: set[str] = set()
        self._imported: set[str] = set()
        classes.on_base = self._complete
        interpreter.origin.values[_AUTODISCOVER] = Native("autodiscover_modules", self._autodiscover)

    def definitions(self) -> None:
        """Execute the modules that are imported when the models are loaded."""
        configurations = {name for app in self._apps for name in (app.name, f"{app.name}.apps")}
        first = [module for module in self._loaded.definitions if module.name in configurations]
        self._modules(first)
        for app, function, owner in self._methods("__init__"):
            self._execute(app, function, owner)
        self._modules(self._loaded.definitions)
        self._imported |= {module.name for module in self._loaded.definitions}
        self._decorate(self._loaded.definitions)

    def _decorate(self, modules: Iterable[Module]) -> None:
        """Apply the decorators of classes that are no models: they may register or change some."""
        for module in modules:
            for cls in module.classes():
                if cls.node.decorators and self._classes.draft(cls) is None:
                    self._classes.definition.decorate(cls)

    def ready(self) -> None:
        """Execute ``ready()`` of each application, and the modules that it imports."""
        self._x.origin.import_module = self._import
        for app, function, owner in self._methods("ready"):
            known = owner.module.origin == "project" or is_sketch(owner.module)
            if known or _changes(function.statements):
                own = self._loaded.own if owner.module.origin == "project" else frozenset()
                names = imported_by(self._x, function.body_code, function.statements)
                self._modules(reachable(self._x, names, own.__contains__, self._imported).values())
                self._execute(app, function, owner)

    def _autodiscover(self, x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> None:
        """``autodiscover_modules("admin", ...)``: imports these modules of all applications."""
        for name in (f"{app.name}.{part}" for app in self._apps for part in args if isinstance(part, str)):
            self._import(name)

    def _import(self, name: str) -> None:
        """Execute the module called `name`, and what it imports of the project, unless that has been done."""
        if (module := self._x.resolver.module(name)) is None:
            return
        found = reachable(self._x, [name], self._loaded.own.__contains__, self._imported)
        new = [other for other in {**found, name: module}.values() if other.path not in self._done]
        supposing = list(self._x.supposing)

        def run() -> None:
            self._x.supposing = supposing  # what the importing code rests on, so does the imported
            self._modules(new)
            self._decorate(new)

        self._x.apart(run)

    def _methods(self, name: str) -> Iterator[tuple[App, FunctionInfo, ClassInfo]]:
        """A method of the configurations that have one of their own, with the class that defines it."""
        for app in self._apps:
            found = self._x.find(app.config, name) if app.config is not None else None
            if found is not None and isinstance(found[1], FunctionInfo) and not is_django(found[0]):
                yield app, found[1], found[0]

    def _complete(self, module: Module) -> None:
        """Execute a module that has been imported, whoever imports it."""
        if not module.name.startswith("django."):
            self._x.apart(lambda: self._modules([module]))

    def _modules(self, modules: Iterable[Module]) -> None:
        for module in modules:
            if module.path not in self._done:
                self._done.add(module.path)
                self._module(module)

    def _module(self, module: Module) -> None:
        """Execute the calls that stand at the top level: they may change models."""
        for chunk in module.facts.chunks:
            code = Code(module, chunk)
            for node in chunk.outline:
                if _has_effects(node):
                    self._x.bounded(
                        lambda node=node, code=code: self._x.block([node], self._x.module_frame(code))
                    )
        for name, bindings in module.symbols.names.items():
            for binding in bindings:
                if isinstance(binding, FunctionInfo) and binding.node.decorators:
                    self._connect(binding)
            if any(isinstance(binding, Value) and self._may_make_class(binding) for binding in bindings):
                self._x.global_value(module, name)

    def _may_make_class(self, binding: Value) -> bool:
        """Whether a name is bound to what ``type()`` returns, or a function that is not Django's."""
        node = binding.expr
        if not isinstance(node, ir.Call):
            return False
        if isinstance(node.func, ir.Name) and node.func.id == "type":
            return len(node.args) == 3
        function = self._x.resolver.expr(binding.code, node.func)
        return isinstance(function, FunctionInfo) and not function.module.name.startswith("django.")

    def _connect(self, function: FunctionInfo) -> None:
        """``@receiver(class_prepared)``."""
        prepared = self._classes.definition.prepared
        for node in function.node.decorators:
            if isinstance(node, ir.Call) and node.args and called_name(node) == "receiver":
                frame = self._x.module_frame(function.code)
                signals = self._x.evaluate(node.args[0], frame)
                if prepared in (signals if isinstance(signals, (list, tuple)) else (signals,)):
                    senders = [self._x.evaluate(k.value, frame) for k in node.keywords if k.name == "sender"]
                    prepared.receivers.append((function, senders[0] if senders else None))

    def _execute(self, app: App, function: FunctionInfo, owner: ClassInfo) -> None:
        """Execute a method of a configuration; a statement that fails takes none of the others with it."""
        receiver = self._x.origin.app_configs().get(app.label)
        names: dict[str, Any] = {}
        for number, param in enumerate(function.node.params.items):
            if number == 0 and isinstance(receiver, Instance):
                names[param.name] = receiver
            elif param.kind in ("*", "**"):
                names[param.name] = () if param.kind == "*" else {}
        frame = Frame(function.body_code, names, None, owner, receiver)
        if not app.certain:
            self._x.supposing.append(frozenset())
        try:
            self._x.bounded(lambda: self._statements(function.statements, frame), None)
        finally:
            if not app.certain:
                self._x.supposing.pop()

    def _statements(self, statements: list[ir.Stmt], frame: Frame) -> None:
        for node in statements:
            try:
                if self._x.block([node], frame) is not None:
                    return
            except Raised:
                continue


def _has_effects(node: ir.Stmt) -> bool:
    """Whether executing a top-level statement does more than bind names."""
    match node:
        case ir.ExprStmt():
            return True
        case ir.Assign(targets=targets):
            return any(not isinstance(target, (ir.Name, ir.Display)) for target in targets)
        case ir.If() | ir.Try() | ir.With() | ir.For() | ir.While():
            return any(map(_has_effects, _inner(node)))
    return False


def _inner(node: ir.Stmt) -> list[ir.Stmt]:
    """The statements in the blocks of a compound statement; a function only runs when it is called."""
    if isinstance(node, ir.FunctionDef):
        return []
    blocks = [getattr(node, name, None) or [] for name in ("body", "orelse", "final")]
    blocks += [handler.body for handler in getattr(node, "handlers", ())]
    return [inner for block in blocks for inner in block]


def _changes(statements: list[ir.Stmt]) -> bool:
    """Whether statements call a method that changes model classes, in so many words."""
    for node in statements:
        call = node.value if isinstance(node, ir.ExprStmt) else None
        if (isinstance(call, ir.Call) and called_name(call) in CHANGING) or _changes(_inner(node)):
            return True
    return False
