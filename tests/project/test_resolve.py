"""Names to what they mean across modules, and class hierarchies."""

from __future__ import annotations

import pytest
from code_support import Modules, meaning

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.resolve import ModuleRef

# --- imports ---------------------------------------------------------------------------------------------

IMPORTS = {
    "plain": ("from b import X", "b.X"),
    "renamed": ("from b import X as Y; X = Y", "b.X"),
    "module": ("import b; X = b.X", "b.X"),
    "dotted module": ("import p.sub; X = p.sub.Z", "p.sub.Z"),
    "dotted module under a name": ("import p.sub as s; X = s.Z", "p.sub.Z"),
    "re-export": ("from p import X", "b.X"),
    "submodule": ("from p import sub as X", "p.sub"),
    "relative in a package": ("from p.sub import Z as X", "p.sub.Z"),
    "star": ("from b import *", "b.X"),
    "star through a star": ("from stars import *", "b.X"),
    "star skips private names": ("from b import *; X = _hidden", "value a.X"),
    "star with __all__": ("from listed import *", "listed.X"),
    "star without what __all__ lists": ("from unlisted import *", None),
    "star with __all__ extended": ("from extended import *", "extended.X"),
    "the last star wins": ("from listed import *; from b import *", "b.X"),
    "a name wins over a star": ("X = 1; from b import *", "value a.X"),
    "guarded": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import X", "b.X"),
    "fallback": ("try:\n    from b import X\nexcept ImportError:\n    X = None", "b.X"),
    "fallback for a missing module": (
        "try:\n    from gone import X\nexcept ImportError:\n    from b import X", "b.X"),
    "either branch": ("if x:\n    from b import X\nelse:\n    from listed import X", "b.X"),
    "missing module": ("from gone import X", "external gone.X"),
    "missing module deep down": ("import gone.deep; X = gone.deep.X", "value a.X"),
    "missing name": ("from b import Missing as X", None),
    "value": ("from b import setting as X", "value b.setting"),
    "function": ("from b import function as X", "b.function"),
    "alias of an alias": ("from b import X as Y\nZ = Y\nX = Z", "b.X"),
    "class attribute": ("from b import X as Y\nX = Y.Inner", "b.X.Inner"),
    "itself": ("X = X", "value a.X"),
    "cycle": ("from cycle import X", None),
    "cycle with an end": ("from cycle import Y as X", "b.X"),
    "out of the package": ("from ... import X", None),
}  # fmt: skip

LIBRARY = {
    "b": "class X:\n    class Inner: pass\n_hidden = 1\nsetting = 2\ndef function(): pass\n",
    "p.__init__": "from b import X\nfrom .sub import Z\n",
    "p.sub": "from . import X as Y\nfrom ..b import W\nclass Z(Y): pass\n",
    "stars": "from b import *\n",
    "listed": "__all__ = ['X']\nclass X: pass\n",
    "unlisted": "__all__ = ['Y']\nclass X: pass\nclass Y: pass\n",
    "extended": "__all__ = []\nclass X: pass\n__all__ += ['X']\n",
    "cycle": "from cycle2 import X, Y\n",
    "cycle2": "from cycle import X\nfrom b import X as Y\n",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_imports(name: str) -> None:
    text, expected = IMPORTS[name]
    modules = Modules.of({**LIBRARY, "a": text})
    module = modules.resolver.module("a")
    assert module is not None
    assert meaning(modules.resolver.name(module, "X")) == expected


def test_names_are_found_the_same_whatever_is_asked_first() -> None:
    names = [("cycle", "X"), ("cycle2", "X"), ("cycle", "Y"), ("cycle2", "Y"), ("p.sub", "Y"), ("p", "Z")]
    answers = set()
    for order in (names, names[::-1], names[3:] + names[:3]):
        resolver = Modules.of(LIBRARY).resolver
        found = {}
        for source, name in order:
            module = resolver.module(source)
            assert module is not None
            found[source, name] = meaning(resolver.name(module, name))
        answers.add(tuple(found[key] for key in names))
    assert answers == {(None, None, "b.X", "b.X", "b.X", "p.sub.Z")}


def test_a_module_is_looked_for_once() -> None:
    modules = Modules.of({**LIBRARY, "a": "from gone import X, Y\nimport gone\n"})
    for dotted in ("a.X", "a.Y", "a.gone.Z", "a.X"):
        modules.symbol(dotted)
    assert modules.asked.count("gone") == 1


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [
        ("b.X", "b.X"),
        ("b.X.Inner", "b.X.Inner"),
        ("p.sub", "p.sub"),
        ("p.Z", "p.sub.Z"),
        ("b.Missing", None),
        ("gone.X", "external gone.X"),
    ],
)
def test_absolute_names(dotted: str, expected: str | None) -> None:
    assert meaning(Modules.of(LIBRARY).symbol(dotted)) == expected


def test_a_very_long_chain_of_aliases_ends() -> None:
    texts = {f"m{n}": f"from m{n + 1} import X\n" for n in range(200)} | {"m200": "class X: pass\n"}
    modules = Modules.of(texts)
    modules.symbol("m0.X")  # found or not: it ends
    assert meaning(modules.symbol("m190.X")) == "m200.X"


# --- expressions -----------------------------------------------------------------------------------------


def test_names_in_a_class_body_are_looked_up_from_the_inside() -> None:
    text = (
        "class Item: pass\nclass A:\n    class Item: pass\n    class Meta:\n        x = Item\n    y = Item\n"
    )
    modules = Modules(app=text)
    meta, outer = modules.cls("app.A.Meta"), modules.cls("app.A")
    name = ir.Name(0, "Item")
    assert meaning(modules.resolver.expr(outer.code, name, outer)) == "app.A.Item"
    assert meaning(modules.resolver.expr(outer.code, name)) == "app.Item"
    assert meaning(modules.resolver.expr(meta.code, ir.Subscript(0, name, name), outer)) == "app.A.Item"


# --- class hierarchies -----------------------------------------------------------------------------------

GENERIC = "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Base(Generic[T]): pass\n"
HIERARCHIES = {
    "diamond": ("class A: pass\nclass B(A): pass\nclass C(A): pass\nclass X(B, C): pass\n", "X B C A"),
    "mixins": ("class M: pass\nclass N(M): pass\nclass A: pass\nclass X(N, M, A): pass\n", "X N M A"),
    "contradiction": ("class A: pass\nclass B(A): pass\nclass X(A, B): pass\n", "X A B"),
    "own base": ("class X(X): pass\n", "X"),
    "circle": ("class A(X): pass\nclass X(A): pass\n", "X A"),
    "builtin": ("class X(dict, Exception): pass\n", "X builtins.dict builtins.Exception"),
    "missing": ("from gone import G\nclass X(G): pass\n", "X gone.G"),
    "unknown": ("class X(nothing, f(), *more): pass\n", "X ?nothing ?… *"),
    "parametrised": ("class A: pass\nclass X(A[int], list[str]): pass\n", "X A builtins.list"),
    "conditional": ("if a:\n    class A: pass\nelse:\n    class A(dict): pass\nclass X(A): pass\n", "X A"),
    "nested": ("class O:\n    class A: pass\n    class B(A): pass\nX = O.B\n", "O.B O.A"),
    "dotted": ("import other\nclass X(other.A): pass\n", "X other.A"),
    "keywords": ("class A: pass\nclass X(A, metaclass=M): pass\n", "X A"),
}


@pytest.mark.parametrize("name", HIERARCHIES)
def test_hierarchies(name: str) -> None:
    text, expected = HIERARCHIES[name]
    modules = Modules(app=text, other="class A: pass\n")
    assert " ".join(dotted.removeprefix("app.") for dotted in modules.mro("app.X")) == expected


def test_linearisation_is_pythons_own() -> None:
    text = (
        "class A: pass\nclass B: pass\nclass C(A, B): pass\nclass D(A): pass\nclass E(C, D): pass\n"
        "class F(B): pass\nclass X(E, F): pass\n"
    )
    scope: dict[str, type] = {}
    exec(text, scope)
    assert Modules(app=text).mro("app.X") == [f"app.{cls.__name__}" for cls in scope["X"].__mro__[:-1]]


def test_generic_bases_are_harmless() -> None:
    modules = Modules(app=GENERIC + "class X(Base[int]):\n    a = 1\n    def m(self): pass\n")
    cls = modules.cls("app.X")
    assert modules.resolver.fully_known(cls)
    assert modules.resolver.class_attribute(cls, "missing") is None


def test_attributes_behind_a_class_that_cannot_be_read_are_unknown() -> None:
    text = "from gone import G\nclass A:\n    a = 1\nclass X(G, A):\n    x = 1\nclass Y(A, G): pass\n"
    modules = Modules(app=text)
    x, y = modules.cls("app.X"), modules.cls("app.Y")
    resolver = modules.resolver
    assert resolver.class_attribute(x, "a") is None
    assert resolver.class_attribute(x, "x") is not None
    assert resolver.class_attribute(y, "a") is not None
    assert not resolver.fully_known(x)


def test_super_searches_behind_the_class_in_the_hierarchy_of_the_receiver() -> None:
    text = (
        "class A:\n    def f(self): pass\n"
        "class B(A):\n    def f(self): pass\n"
        "class C(A):\n    def f(self): pass\n"
        "class X(B, C): pass\n"
    )
    modules = Modules(app=text)
    found = modules.resolver.class_attribute(modules.cls("app.X"), "f", after=modules.cls("app.B"))
    assert found is not None
    assert isinstance(found[1], FunctionInfo)
    assert found[1].dotted == "app.C.f"
    last = modules.resolver.class_attribute(modules.cls("app.X"), "f", after=modules.cls("app.A"))
    assert last is None


def test_is_subclass() -> None:
    modules = Modules(app="from gone import G\nclass A(G): pass\nclass X(A): pass\n")
    cls = modules.cls("app.X")
    assert modules.resolver.is_subclass(cls, "app.X")
    assert modules.resolver.is_subclass(cls, "nothing", "gone.G")
    assert not modules.resolver.is_subclass(cls, "app.Y")


def test_a_wide_hierarchy_is_linearised_in_reasonable_time() -> None:
    text = "class C0: pass\n" + "".join(
        f"class C{n}(C{n - 1}): pass\nclass D{n}(C{n}, C{n - 1}): pass\n" for n in range(1, 120)
    )
    assert len(Modules(app=text).mro("app.D119")) == 121


# --- managers made of querysets --------------------------------------------------------------------------

MANAGERS = {
    "manager": "class Manager:\n    @classmethod\n    def from_queryset(cls, queryset, name=None): pass\n",
    "querysets": "class QS:\n    def published(self): pass\n",
}
MADE = {
    "inline": "class X(Manager.from_queryset(QS)): pass\n",
    "inline with a name": "class X(Manager.from_queryset(QS, 'Name')): pass\n",
    "by keyword": "class X(Manager.from_queryset(queryset_class=QS)): pass\n",
    "bound to a name": "Made = Manager.from_queryset(QS)\nclass X(Made): pass\n",
    "bound to a name and renamed": "Made = Manager.from_queryset(QS)\nOther = Made\nclass X(Other): pass\n",
    "imported": "from made import Made\nclass X(Made): pass\n",
    "imported with its module": "import made\nclass X(made.Made): pass\n",
    "parametrised": "class X(Manager.from_queryset(QS)['Model']): pass\n",
    "in a class body": "class O:\n    Made = Manager.from_queryset(QS)\n    class X(Made): pass\nX = O.X\n",
}


@pytest.mark.parametrize("name", MADE)
def test_managers_made_of_querysets_have_both_as_bases(name: str) -> None:
    head = "from manager import Manager\nfrom querysets import QS\n"
    made = f"{head}Made = Manager.from_queryset(QS)\n"
    modules = Modules.of({**MANAGERS, "made": made, "app": head + MADE[name]})
    assert modules.mro("app.X")[1:] == ["manager.Manager", "querysets.QS"]
    found = modules.resolver.class_attribute(modules.cls("app.X"), "published")
    assert found is not None
    assert found[0].dotted == "querysets.QS"


def test_the_managers_own_methods_come_before_the_querysets() -> None:
    text = (
        "from manager import Manager\n"
        "class Own(Manager):\n    def both(self): pass\n"
        "class QS:\n    def both(self): pass\n    def other(self): pass\n"
        "class X(Own.from_queryset(QS)):\n    pass\n"
    )
    modules = Modules.of({**MANAGERS, "app": text})
    found = modules.resolver.class_attribute(modules.cls("app.X"), "both")
    assert found is not None
    assert found[0].dotted == "app.Own"


def test_a_manager_made_of_something_unknown_is_unknown() -> None:
    text = (
        "from manager import Manager\n"
        "class X(Manager.from_queryset(make())): pass\n"
        "class Y(make(Manager)): pass\n"
    )
    modules = Modules.of({**MANAGERS, "app": text})
    assert modules.mro("app.X")[1:] == ["manager.Manager", "?…"]
    assert modules.mro("app.Y")[1:] == ["?…"]


def test_a_name_that_stands_for_itself_as_a_manager_ends() -> None:
    modules = Modules.of({**MANAGERS, "app": "Made = Made.from_queryset(Made)\nclass X(Made): pass\n"})
    assert modules.mro("app.X")[0] == "app.X"


def test_modules_as_values() -> None:
    modules = Modules.of({**LIBRARY, "a": "import p.sub\nfrom p import sub\n"})
    assert isinstance(modules.symbol("a.sub"), ModuleRef)
    assert isinstance(modules.symbol("a.p"), ModuleRef)
    assert modules.cls("a.p.sub.Z") is modules.cls("a.sub.Z")
