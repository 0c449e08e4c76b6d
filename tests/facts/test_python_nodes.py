"""Python text to facts: one example for each kind of expression and statement."""

from __future__ import annotations

from typing import Any

import pytest
from python_support import bodies, expression, statements

A, B, C = (("Name", name) for name in "abc")
OPAQUE = ("Opaque",)


def const(value: Any) -> Any:
    return ("Const", value)


EXPRESSIONS = [
    ("1", const(1)),
    ("-1", const(-1)),
    ("-1.5", const(-1.5)),
    ("True", const(True)),
    ("None", const(None)),
    ("'a' 'b'", const("ab")),
    ("'''a\nb'''", const("a\nb")),
    ("'a\\ud800é'", const("a\ufffdé")),
    ("b'a'", OPAQUE),
    ("...", OPAQUE),
    ("2j", OPAQUE),
    ("-2j", ("Unary", "-", OPAQUE)),
    ("9223372036854775807", const(2**63 - 1)),
    ("9223372036854775808", OPAQUE),
    ("-9223372036854775808", const(-(2**63))),
    ("-9223372036854775809", ("Unary", "-", OPAQUE)),
    ("1e400", const(float("inf"))),
    ("a", A),
    ("a.b", ("Attr", A, "b")),
    ("a.b.c", ("Attr", ("Attr", A, "b"), "c")),
    ("a()", ("Call", A, [], [])),
    ("a(b, *c, d=b, **c)",
     ("Call", A, [B, ("Star", C)], [("Keyword", "d", B), ("Keyword", None, C)])),
    ("a[b]", ("Subscript", A, B)),
    ("a[b, 1]", ("Subscript", A, ("Display", "tuple", [B, const(1)]))),
    ("a[1:]", ("Subscript", A, ("Slice", const(1), None, None))),
    ("a[:b:c]", ("Subscript", A, ("Slice", None, B, C))),
    ("a and b and c", ("Bool", "and", [A, B, C])),
    ("a or b and c", ("Bool", "or", [A, ("Bool", "and", [B, C])])),
    ("not a", ("Unary", "not", A)),
    ("-a", ("Unary", "-", A)),
    ("+1", ("Unary", "+", const(1))),
    ("~a", ("Unary", "~", A)),
    ("a < b <= c", ("Compare", A, ["<", "<="], [B, C])),
    ("a is not None", ("Compare", A, ["is not"], [const(None)])),
    ("a not in b", ("Compare", A, ["not in"], [B])),
    ("a if b else c", ("IfExp", B, A, C)),
    ("[a, *b]", ("Display", "list", [A, ("Star", B)])),
    ("(a,)", ("Display", "tuple", [A])),
    ("{a, b}", ("Display", "set", [A, B])),
    ("()", ("Display", "tuple", [])),
    ("{}", ("Dict", [], [])),
    ("{'a': b, **c}", ("Dict", [const("a"), None], [B, C])),
    ("[a for b in c]", ("Comp", "list", A, None, [("Clause", B, C, [], False)])),
    ("{a for b in c if a if b}", ("Comp", "set", A, None, [("Clause", B, C, [A, B], False)])),
    ("{a: b for a, b in c}",
     ("Comp", "dict", A, B, [("Clause", ("Display", "tuple", [A, B]), C, [], False)])),
    ("list(a async for a in b for c in a)",
     ("Call", ("Name", "list"),
      [("Comp", "generator", A, None, [("Clause", A, B, [], True), ("Clause", C, A, [], False)])], [])),
    ("lambda a, *, b=c: a",
     ("Lambda", ("Params", [("Param", "a", "any", None, None), ("Param", "b", "kw", None, C)]), A)),
    ("f'x{a}y{b!r:>{c}}'", ("FString", [const("x"), A, const("y"), B, C])),
    ("f'{a=}'", ("FString", [const("a="), A])),
    ("f'a' 'b'", ("FString", [const("ab")])),
    ("(yield)", ("Yield", None, False)),
    ("(yield from a)", ("Yield", A, True)),
    ("await a", ("Await", A)),
    ("(a := b)", ("Walrus", "a", B)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_expressions(text: str, expected: Any) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "^", "&", "@"])
def test_operators(op: str) -> None:
    assert expression(f"a {op} b") == ("Binary", A, op, B)
    assert statements(f"a {op}= b") == [("AugAssign", A, op, B)]


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"])
def test_comparisons(op: str) -> None:
    assert expression(f"a {op} b") == ("Compare", A, [op], [B])


PASS = ("Jump", "pass")
STATEMENTS = [
    ("a", [("ExprStmt", A)]),
    ("'docstring'\n1\na", [("ExprStmt", A)]),
    ("a = b", [("Assign", [A], B, None)]),
    ("a = b = c", [("Assign", [A, B], C, None)]),
    ("a: b", [("Assign", [A], None, B)]),
    ("a: b = c", [("Assign", [A], C, B)]),
    ("a, *b = c", [("Assign", [("Display", "tuple", [A, ("Star", B)])], C, None)]),
    ("a.b[c] = 1", [("Assign", [("Subscript", ("Attr", A, "b"), C)], const(1), None)]),
    ("del a, b.c", [("Delete", [A, ("Attr", B, "c")])]),
    ("assert a, b", [("Assert", A, B)]),
    ("raise", [("Raise", None, None)]),
    ("raise a from b", [("Raise", A, B)]),
    ("pass; break; continue", [PASS, ("Jump", "break"), ("Jump", "continue")]),
    ("global a, b", [("Scope", "global", ["a", "b"])]),
    ("import a.b, c as d", [("Import", [("Alias", "a.b", None), ("Alias", "c", "d")])]),
    ("from a.b import c as d", [("ImportFrom", "a.b", 0, [("Alias", "c", "d")])]),
    ("from .. import a", [("ImportFrom", "", 2, [("Alias", "a", None)])]),
    ("from .a import *", [("ImportFrom", "a", 1, [("Alias", "*", None)])]),
    ("if a:\n  pass\nelif b:\n  c\nelse:\n  pass",
     [("If", A, [PASS], [("If", B, [("ExprStmt", C)], [PASS])])]),
    ("for a in b:\n  pass\nelse:\n  c", [("For", A, B, [PASS], [("ExprStmt", C)], False)]),
    ("while a:\n  pass\nelse:\n  c", [("While", A, [PASS], [("ExprStmt", C)])]),
    ("with a as b, c:\n  pass", [("With", [("WithItem", A, B), ("WithItem", C, None)], [PASS], False)]),
    ("try:\n  a\nexcept b as e:\n  pass\nexcept:\n  c\nelse:\n  pass\nfinally:\n  b",
     [("Try", [("ExprStmt", A)], [("Handler", B, "e", [PASS]), ("Handler", None, None, [("ExprStmt", C)])],
       [PASS], [("ExprStmt", B)])]),
    ("try:\n  a\nexcept* (b, c):\n  pass",
     [("Try", [("ExprStmt", A)], [("Handler", ("Display", "tuple", [B, C]), None, [PASS])], [], [])]),
    ("match a:\n  case {'x': [b, *c], **d} if b:\n    pass\n  case A(e=f) | g as h:\n    c",
     [("Match", A, [("Case", ["d", "b", "c"], B, [PASS]), ("Case", ["h", "g", "f"], None, [("ExprStmt", C)])])]),
    ("class A(b, c=a):\n  x = 1", [("ClassDef", "A", [B], [("Keyword", "c", A)], [],
                                   [("Assign", [("Name", "x")], const(1), None)])]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STATEMENTS, ids=[text for text, _ in STATEMENTS])
def test_statements(text: str, expected: Any) -> None:
    assert statements(text) == expected


def test_a_function_keeps_its_signature_in_the_outline_and_its_body_apart() -> None:
    text = (
        "@a\nasync def f(p, /, q: b = c, *r, s, t=1, **u) -> a:\n    '''Doc.'''\n    await q\n    return r\n"
    )
    parameters = [
        ("Param", "p", "pos", None, None),
        ("Param", "q", "any", B, C),
        ("Param", "r", "*", None, None),
        ("Param", "s", "kw", None, None),
        ("Param", "t", "kw", None, const(1)),
        ("Param", "u", "**", None, None),
    ]
    assert statements(text) == [("FunctionDef", "f", ("Params", parameters), [A], A, True, False, 0, [])]
    assert bodies(text) == [[("ExprStmt", ("Await", ("Name", "q"))), ("Return", ("Name", "r"))]]


@pytest.mark.parametrize(
    ("body", "generator"),
    [
        ("yield", True),
        ("x = yield from y", True),
        ("return lambda: (yield)", True),  # the lambda's, in truth; a generator too many costs nothing
        ("def g():\n        yield", False),
        ("return [x for x in y]", False),
    ],
)
def test_generators(body: str, generator: bool) -> None:
    text = f"def f():\n    {body}\n"
    assert statements(text)[0][6] is generator


def test_nested_functions_have_bodies_of_their_own() -> None:
    text = (
        "class A:\n"
        "    def f(self):\n"
        "        def g():\n"
        "            return a\n"
        "        return g\n"
        "    def h(self):\n"
        "        b\n"
    )
    (cls,) = statements(text)
    assert [(member[1], member[-2]) for member in cls[-1]] == [("f", 0), ("h", 2)]
    f, g, h = bodies(text)
    assert f[0][0] == "FunctionDef"
    assert f[0][-2] == 1
    assert (g, h) == ([("Return", A)], [("ExprStmt", B)])


def test_long_texts_are_cut() -> None:
    assert len(expression(f"'{'x' * 10_000}'")[1]) == 4096
