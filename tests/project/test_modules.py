"""Symbol tables: what a module or class body binds, and what is in effect at its end."""

from __future__ import annotations

import pytest
from code_support import kind, module

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, ImportedModule, ImportedName, Value
from djguide_analyzers.source.positions import LineIndex


def value_of(text: str, name: str) -> object:
    """The constant that `name` holds at the end of `text`."""
    binding = module(text).symbols.get(name)
    assert isinstance(binding, Value)
    assert isinstance(binding.expr, ir.Const)
    return binding.expr.value


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("import a.b", [ImportedModule]),
        ("from a import b as a", [ImportedName]),
        ("a = 1", [Value]),
        ("a: int", [Value]),
        ("def a(): pass", [FunctionInfo]),
        ("class a: pass", [ClassInfo]),
        ("for a in b: pass", [Value]),
        ("with x:\n    a = 1", [Value]),
        ("if x:\n    a = 1\nelse:\n    def a(): pass", [Value, FunctionInfo]),
        ("try:\n    import a\nexcept ImportError:\n    a = None", [ImportedModule, Value]),
        ("while x:\n    a = 1", [Value]),
        ("(a, [b, *c]) = x", [Value]),
    ],
)
def test_what_binds_a_name(text: str, bound: list[type]) -> None:
    assert [type(binding) for binding in module(text).symbols.names["a"]] == bound


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a = 1\na = 2", 2),
        ("if x:\n    a = 1\nelse:\n    a = 2", 1),
        ("try:\n    a = 1\nexcept E:\n    a = 2", 1),
        ("try:\n    a = 1\nexcept E:\n    a = 2\nelse:\n    a = 3\nfinally:\n    a = 4", 4),
        ("try:\n    import a\nexcept ImportError:\n    a = 1\na = 5", 5),
        ("if x:\n    pass\nelse:\n    a = 2", 2),
        ("for i in x:\n    a = 1\n", 1),
        ("a, b = 1, 2", 1),
        ("b, (c, a) = 1, (2, 3)", 3),
        ("b = a = 1", 1),
    ],
)
def test_the_binding_in_effect_at_the_end(text: str, value: object) -> None:
    assert value_of(text, "a") == value


def test_unpacking_of_something_unknown_binds_without_a_value() -> None:
    names = module("a, *b = f()").symbols.names
    assert [binding.expr for name in "ab" for binding in names[name] if isinstance(binding, Value)] == [
        None,
        None,
    ]


def test_statements_that_bind_nothing_are_kept() -> None:
    text = "a.b = 1\nc['d'] = 2\ne += [3]\nf()\ndel g\n"
    assert [type(node).__name__ for node, _ in module(text).symbols.loose] == [
        "Assign", "Assign", "AugAssign", "ExprStmt", "Delete",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "package", "text", "expected"),
    [
        ("a.b.c", False, "from . import x", "a.b"),
        ("a.b.c", False, "from .d import x", "a.b.d"),
        ("a.b.c", False, "from ..d import x", "a.d"),
        ("a.b", True, "from . import x", "a.b"),
        ("a.b", True, "from .d import x", "a.b.d"),
        ("a.b", True, "from .. import x", "a"),
        ("c", False, "from d import x", "d"),
    ],
)
def test_relative_imports(name: str, package: bool, text: str, expected: str) -> None:
    (binding,) = module(text, name, package=package).symbols.names["x"]
    assert isinstance(binding, ImportedName)
    assert (binding.module, binding.name) == (expected, "x")


@pytest.mark.parametrize(("name", "text"), [("c", "from . import x"), ("a.b", "from ... import x")])
def test_relative_imports_that_climb_out_bind_nothing(name: str, text: str) -> None:
    assert "x" not in module(text, name).symbols.names


def test_star_imports_are_sources_in_order() -> None:
    assert module("from b import *\nfrom .c import *\n", "p.a").symbols.stars == ["b", "p.c"]


def test_import_of_a_dotted_name_binds_its_head() -> None:
    symbols = module("import a.b.c\nimport a.b.c as d\n").symbols
    assert [
        (name, kind(found[0]), getattr(found[0], "dotted", "")) for name, found in symbols.names.items()
    ] == [
        ("a", "ImportedModule", "a"),
        ("d", "ImportedModule", "a.b.c"),
    ]


NESTED = """\
class A:
    x = 1

    class B:
        def f(self):
            def inner():
                pass

    if debug:
        def g(self): pass
    else:
        def g(self): pass

def h():
    class Local:
        pass

try:
    class C: pass
except E:
    class C: pass
"""


def test_classes_and_functions() -> None:
    made = module(NESTED, "app.models")
    assert [cls.dotted for cls in made.classes()] == [
        "app.models.A",
        "app.models.A.B",
        "app.models.C",
        "app.models.C",
    ]
    assert [function.qualname for function in made.functions()] == ["A.g", "A.g", "A.B.f", "h"]


def test_members_of_a_class() -> None:
    cls = next(module(NESTED).classes())
    assert list(cls.members.names) == ["x", "B", "g"]
    assert cls.member("missing") is None
    inner = cls.member("B")
    assert isinstance(inner, ClassInfo)
    assert inner.owner is cls


def test_names_of_nested_functions() -> None:
    outer = next(function for function in module(NESTED).functions() if function.name == "f")
    (node,) = outer.statements
    assert isinstance(node, ir.FunctionDef)
    assert FunctionInfo(node, outer.body_code, None, outer).qualname == "A.B.f.<locals>.inner"


def test_ranges_are_those_of_the_file() -> None:
    text = "\n\nclass A:\n    @d\n    def f(self):\n        return self.é.name\n"
    function = next(module(text).functions())
    index = LineIndex(text)
    (returned,) = function.statements
    assert isinstance(returned, ir.Return)
    assert isinstance(returned.value, ir.Attr)
    assert index.slice(function.code.range(function.node)).startswith("def f(self):")
    assert index.slice(function.body_code.range(returned)) == "return self.é.name"
    assert index.slice(function.body_code.name_range(returned.value)) == "name"


def test_code_is_compared_by_the_table_it_is() -> None:
    one, other = module(NESTED), module(NESTED)
    function = next(one.functions())
    assert function.body_code == function.body_code
    assert function.body_code != function.code
    assert function.body_code != next(other.functions()).body_code
