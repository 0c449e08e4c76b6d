"""Calls: of project functions, which are entered, and of library functions, which are modelled."""

from __future__ import annotations

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.resolve import Symbol
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.trace import (
    annotations,
    attributes,
    iteration,
    querysets,
    statements,
    summaries,
    writing,
)
from djguide_analyzers.trace import evaluate as expressions
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.decorators import is_atomic, keeps_calls
from djguide_analyzers.trace.events import CallMade, CallSite, Write
from djguide_analyzers.trace.frame import MAX_DEPTH, Frame, Run
from djguide_analyzers.trace.frameworks import containers, rest_framework, saving, serialization
from djguide_analyzers.trace.frameworks.registry import MODELS
from djguide_analyzers.trace.joining import join_all
from djguide_analyzers.trace.standins import StandIns
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    ExternalValue,
    FunctionValue,
    LambdaValue,
    Link,
    ManagerValue,
    Mapping,
    ObjectValue,
    Partial,
    QuerySetValue,
    Row,
    RowRoot,
    Sequence,
    Site,
    SuperValue,
)


def call(frame: Frame, node: ir.Call) -> AbstractValue:
    """The value of a call."""
    if isinstance(node.func, ir.Name) and node.func.id == "super" and not node.args:
        return _super(frame)
    func = expressions.evaluate(frame, node.func)
    args = _arguments(frame, node)
    return apply(frame, node, func, args)


def apply(frame: Frame, node: ir.Call, func: AbstractValue, args: Arguments) -> AbstractValue:
    """Call `func` at `node`."""
    match func:
        case BuiltinMethod(receiver=QuerySetValue() | ManagerValue() as receiver, name=name):
            return querysets.call_method(frame, node, receiver, name, args)
        case BuiltinMethod(receiver=Row() as receiver, name=name):
            return _row_method(frame, node, receiver, name, args)
        case BuiltinMethod(receiver=ObjectValue() as receiver, name=name):
            return rest_framework.call_default(frame, node, receiver, name, args)
        case BuiltinMethod(receiver=receiver, name=name):
            return containers.call_method(frame, node, receiver, name, args)
        case BoundMethod(info=info, receiver=receiver):
            bound = [receiver, *args.positional]
            if (model := MODELS.get(info.dotted)) is not None:
                return model(frame, node, Arguments(bound, args.keywords, args.starred))
            value = enter(
                frame,
                info,
                bound,
                args.keywords,
                frame.site(node),
                receiver=receiver,
                library=info.name == "get_queryset" and isinstance(receiver, ManagerValue),
                varies=frame.varies(node),
                starred=args.starred,
            )
            return _linked(frame, node, info, receiver, value)
        case FunctionValue(info=info):
            return _function(frame, node, func, args)
        case LambdaValue():
            return enter_lambda(frame, func, args.positional)
        case Partial(func=inner, args=bound, keywords=keywords):
            merged = Arguments([*bound, *args.positional], {**dict(keywords), **args.keywords}, args.starred)
            return apply(frame, node, inner, merged)
        case ClassValue(cls=cls):
            return _construct(frame, node, func, cls, args)
        case ManagerValue(related=related) if related is not None:
            return querysets.with_manager(frame, func, related, args)
        case ExternalValue(dotted=dotted):
            frame.emit(CallMade(frame.site(node), frame.context, dotted, tuple(args.positional)))
            model = MODELS.get(dotted)
            return model(frame, node, args) if model is not None else UNKNOWN
        case _:
            return UNKNOWN


def _linked(
    frame: Frame, node: ir.Call, info: FunctionInfo, receiver: AbstractValue, value: AbstractValue
) -> AbstractValue:
    """A queryset that a project's own queryset or manager method returns goes on from that call."""
    if not isinstance(value, QuerySetValue) or not isinstance(receiver, (QuerySetValue, ManagerValue)):
        return value
    chain = (*value.query.chain, Link(info.name, frame.site(node), node))
    return replace(value, query=value.query.but(chain=chain))


def _arguments(frame: Frame, node: ir.Call) -> Arguments:
    args = Arguments()
    for arg in node.args:
        value = expressions.evaluate(frame, arg)
        if isinstance(arg, ir.Star):
            if isinstance(value, Sequence) and value.items is not None:
                args.positional += value.items
                continue
            args.starred = True
            if isinstance(value, QuerySetValue):
                iteration.iterate(frame, value, arg, arg.at)
        else:
            args.positional.append(value)
    for keyword in node.keywords:
        value = expressions.evaluate(frame, keyword.value)
        if keyword.name is not None:
            args.keywords[keyword.name] = value
        elif isinstance(value, Mapping) and value.element is UNKNOWN and value.entries:
            args.keywords.update({name: v for name, v in value.entries if isinstance(name, str)})
        else:
            args.starred = True
    return args


def _super(frame: Frame) -> AbstractValue:
    if frame.owner is None or frame.receiver is None:
        return UNKNOWN
    match frame.receiver:
        case Row(model=label):
            model = frame.project.models.get(label)
            cls = model.cls if model else frame.owner
        case ManagerValue(info=info):
            cls = info.cls if info is not None and info.cls is not None else frame.owner
        case QuerySetValue(query=query):
            cls = query.cls or frame.owner
        case ObjectValue(cls=cls) | ClassValue(cls=cls):
            pass
        case _:
            return UNKNOWN
    return SuperValue(frame.receiver, cls, frame.owner)


def _row_method(frame: Frame, node: ir.Call, row: Row, name: str, args: Arguments) -> AbstractValue:
    if name in ("save", "asave", "delete", "adelete"):
        operation = name.removeprefix("a")
        given = writing.of_row(frame, row) if operation == "save" else ()
        frame.emit(Write(frame.site(node), frame.context, row.model, operation, row, given))
        return NONE
    if name in ("refresh_from_db", "arefresh_from_db"):
        frame.run.loaded.pop(row.key, None)
        if not (args.positional or args.keywords or args.starred):
            frame.run.refreshed.add(row.key)
        return NONE
    return SCALAR if name.startswith("get_") and name.endswith("_display") else UNKNOWN


def _function(frame: Frame, node: ir.Call, func: FunctionValue, args: Arguments) -> AbstractValue:
    info = func.info
    model = MODELS.get(info.dotted)
    if model is not None:
        return model(frame, node, args)
    own = info.module.origin == "project"
    frame.emit(CallMade(frame.site(node), frame.context, info.dotted, tuple(args.positional), own))
    return enter(
        frame,
        info,
        args.positional,
        args.keywords,
        frame.site(node),
        closure=func.frame,
        varies=frame.varies(node),
        starred=args.starred,
    )


def _construct(
    frame: Frame, node: ir.Call, func: ClassValue, cls: ClassInfo, args: Arguments
) -> AbstractValue:
    """``Class(...)``."""
    library_model = MODELS.get(cls.dotted)
    if library_model is not None:
        return library_model(frame, node, args)
    model = frame.project.graph.of_class(cls)
    if model is not None:
        row = Row(model.label, RowRoot(frame.run.new_identity(), None, False))
        for name, value in args.keywords.items():
            frame.run.set_loaded(row, name, value)
        return row
    if frame.project.resolver.is_subclass(cls, attributes.QUERYSET):
        return querysets.constructed(frame, func, args)
    if is_serializer(frame.project, cls):
        return serialization.constructed(frame, cls, args)
    made = ObjectValue(cls, frame.run.new_identity())
    saving.note_form(frame, made, args)
    found = frame.project.resolver.class_attribute(cls, "__init__")
    if found is not None and isinstance(found[1], FunctionInfo):
        given = [made, *args.positional]
        site = frame.site(node)
        enter(frame, found[1], given, args.keywords, site, receiver=made, starred=args.starred)
    return made


# --- entering project code -------------------------------------------------------------------------------


def enter(
    frame: Frame,
    info: FunctionInfo,
    positional: list[AbstractValue],
    keywords: dict[str, AbstractValue],
    site: Site,
    *,
    receiver: AbstractValue | None = None,
    closure: Frame | None = None,
    library: bool = False,
    decorated: bool = True,
    varies: int = 0,
    starred: bool = False,
) -> AbstractValue:
    """Execute a function with the caller's values; what it returns.

    Functions of other packages are not entered unless `library` is set. `varies` is that of the `CallSite`,
    `starred` that of the `Arguments`. Without `decorated`, decorators are passed by.
    """
    if info.module.origin != "project" and not library:
        return UNKNOWN
    if decorated and info.node.decorators and not keeps_calls(frame.project, info):
        return UNKNOWN
    if closure is None:
        given = StandIns(frame.run, positional, keywords, receiver)
        if given.key is not None:

            def compute(run: Run) -> AbstractValue:
                home = Frame(run, info.code)
                given.seed(run)
                return _execute(
                    home, info, given.positional, given.keywords, site, given.receiver, starred=starred
                )

            step = CallSite(site, info, varies)
            return summaries.call(frame, info, (given.key, starred), step, given.rows, compute)
    if len(frame.stack) >= MAX_DEPTH or any(step.callee is info for step in frame.stack):
        return UNKNOWN
    return _execute(frame, info, positional, keywords, site, receiver, closure, varies, starred=starred)


def _execute(
    frame: Frame,
    info: FunctionInfo,
    positional: list[AbstractValue],
    keywords: dict[str, AbstractValue],
    site: Site,
    receiver: AbstractValue | None,
    closure: Frame | None = None,
    varies: int = 0,
    *,
    starred: bool = False,
) -> AbstractValue:
    """Run the body of `info` in a frame of its own; what it returns."""
    transactions = frame.transactions
    if info.node.decorators and is_atomic(frame.project, info):
        transactions = (*transactions, None)
    inner = Frame(
        frame.run,
        info.body_code,
        function=info,
        parent=closure,
        loops=frame.loops,
        stack=(*frame.stack, CallSite(site, info, varies)),
        transactions=transactions,
        owner=info.owner,
        receiver=receiver,
    )
    inner.memoised = frame.memoised
    annotations.bind_parameters(inner, info, positional, keywords)
    inner.all_given = not starred
    falls_through = statements.execute(inner, info.statements)
    if info.node.is_generator:
        return Sequence(join_all(inner.yields) if inner.yields else UNKNOWN)
    if falls_through and inner.returns:
        inner.returns.append(NONE)
    return join_all(inner.returns)


def enter_plainly(frame: Frame, node: ir.Call, info: FunctionInfo, args: Arguments) -> AbstractValue:
    """Call the function behind its decorators, for frameworks that register what they decorate."""
    site = frame.site(node)
    return enter(
        frame, info, args.positional, args.keywords, site, decorated=False, varies=frame.varies(node)
    )


def enter_lambda(frame: Frame, value: LambdaValue, positional: list[AbstractValue]) -> AbstractValue:
    """Call a lambda where it is used, with the variables of where it was made."""
    if len(frame.stack) >= MAX_DEPTH:
        return UNKNOWN
    home = value.frame
    inner = Frame(
        frame.run,
        home.code,
        function=home.function,
        parent=home,
        loops=frame.loops,
        stack=frame.stack,
        transactions=frame.transactions,
        owner=home.owner,
        receiver=home.receiver,
    )
    inner.memoised = frame.memoised
    params = [p for p in value.node.params.items if p.kind in ("pos", "any")]
    for number, param in enumerate(params):
        inner.env[param.name] = positional[number] if number < len(positional) else UNKNOWN
    for param in value.node.params.items:
        inner.env.setdefault(param.name, UNKNOWN)
    return expressions.evaluate(inner, value.node.body)


def call_value(frame: Frame, node: ir.Call, func: AbstractValue, *positional: AbstractValue) -> AbstractValue:
    """Call `func` the way a library function calls its argument."""
    return apply(frame, node, func, Arguments(list(positional)))


def explore(frame: Frame, value: FunctionValue | LambdaValue) -> None:
    """Look into a nested function where it is defined, since who calls it may never be known."""
    if isinstance(value, LambdaValue):
        enter_lambda(_outside_loops(frame), value, [])
        return
    info = value.info
    if any(step.callee is info for step in frame.stack) or len(frame.stack) >= MAX_DEPTH:
        return
    inner = Frame(
        frame.run,
        info.body_code,
        function=info,
        parent=frame,
        stack=frame.stack,
        owner=frame.owner,
        receiver=frame.receiver,
    )
    annotations.bind_parameters(inner, info, [], {}, explore=True)
    statements.execute(inner, info.statements)


def _outside_loops(frame: Frame) -> Frame:
    return Frame(
        frame.run,
        frame.code,
        function=frame.function,
        parent=frame,
        stack=frame.stack,
        owner=frame.owner,
        receiver=frame.receiver,
    )


def evaluate_elsewhere(frame: Frame, expr: ir.Expr, code: Code, owner: ClassInfo | None) -> AbstractValue:
    """A module-level or class-level expression, evaluated in its own scope.

    What it does is an event of its own module, not of the reader.
    """
    run = frame.run
    key = Site(code, expr.at)
    if key in run.elsewhere:
        return run.elsewhere[key]
    value = summaries.remembered(
        run, (key, owner), lambda own: expressions.evaluate(Frame(own, code, owner=owner), expr)
    )
    run.elsewhere[key] = value
    return value


def symbol_value(frame: Frame, symbol: Symbol | None) -> AbstractValue:
    """The value of something found statically."""
    return expressions.value_of_symbol(frame, symbol)


def function_value(info: FunctionInfo) -> FunctionValue:
    return FunctionValue(info)


def to_text(frame: Frame, value: AbstractValue, node: ir.Expr) -> None:
    """`value` is turned into text: a row's ``__str__`` runs."""
    if isinstance(value, Row):
        model = frame.project.models.get(value.model)
        found = frame.project.resolver.class_attribute(model.cls, "__str__") if model else None
        if found is not None and isinstance(found[1], FunctionInfo):
            enter(frame, found[1], [value], {}, frame.site(node), receiver=value)
