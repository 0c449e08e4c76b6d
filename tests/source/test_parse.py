"""Parsing: what is kept of broken text, what is said about it, and syntax newer than the interpreter."""

from __future__ import annotations

import ast

import pytest

from djguide_analyzers.source.parse import parse
from djguide_analyzers.source.scan import split_lines


def read(text: str) -> str:
    """What was read of `text`, written out by Python."""
    parsed = parse(text)
    assert_inside(parsed.statements, text)
    return ast.unparse(ast.Module(parsed.statements, []))


def assert_inside(statements: list[ast.stmt], text: str) -> None:
    """All positions lie in the text, and ends do not come before starts."""
    lines = [len(line.rstrip("\r\n").encode("utf-8", "replace")) for line in split_lines(text)] or [0]
    for statement in statements:
        for node in ast.walk(statement):
            if not isinstance(node, (ast.expr, ast.stmt, ast.ExceptHandler, ast.arg, ast.keyword)):
                continue
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            assert 1 <= node.lineno <= node.end_lineno <= len(lines)
            assert 0 <= node.col_offset <= lines[node.lineno - 1]
            assert node.end_col_offset <= lines[node.end_lineno - 1]
            assert (node.lineno, node.col_offset) <= (node.end_lineno, node.end_col_offset)


def dedent(text: str) -> str:
    return text.strip("\n") + "\n"


# --- text that parses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment", "x = 1", "x = 1\r\ny = 2\r\n", "x = 1\ry = 2\r", "\fx = 1"]
)
def test_sound_text_has_no_problems(text: str) -> None:
    parsed = parse(text)
    assert parsed.problems == []
    assert ast.dump(ast.Module(parsed.statements, [])) == ast.dump(ast.Module(ast.parse(text).body, []))


def test_warnings_of_the_parser_are_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    parse("x = '\\d'\ny = 1 is 1\n")
    parse("x = '\\d'\ny = (\n")
    assert not recwarn.list


# --- a broken statement loses only itself ----------------------------------------------------------------

BROKEN = [
    ("a = 1\nb = = 2\nc = 3\n", "a = 1\nc = 3"),
    ("a = 1\nfoo.\nc = 3\n", "a = 1\nc = 3"),
    ("a = f(1\nc = 3\n", "c = 3"),
    ("a = [1, 2\n\ndef f():\n    return 1\n", "def f():\n    return 1"),
    ("a = 'abc\nc = 3\n", "c = 3"),
    ('a = """abc\nc = 3\n', "c = 3"),
    ("a = 1)\nc = 3\n", "c = 3"),
    ("from x import\nc = 3\n", "c = 3"),
    ("def f(:\n    x = 1\n", "def f():\n    x = 1"),
    ("def f(a, b\n    x = 1\n", "def f(a, b):\n    x = 1"),
    ("def f(self)\n    x = 1\n", "def f(self):\n    x = 1"),
    ("class A(models.Model\n    x = 1\n", "class A(models.Model):\n    x = 1"),
    ("class A(models.Model, B.\n    x = 1\n", "class A(models.Model, B):\n    x = 1"),
    ("class A\n    x = 1\n", "class A:\n    x = 1"),
    ("if a.:\n    x = 1\nelse:\n    x = 2\n", "if ...:\n    x = 1\nelse:\n    x = 2"),
    ("if a:\n    x = 1\nelif b.:\n    x = 2\n", "if a:\n    x = 1\nelif ...:\n    x = 2"),
    ("for a, b in c.:\n    x = 1\n", "for a, b in ...:\n    x = 1"),
    ("for a\n    x = 1\n", "for _ in ...:\n    x = 1"),
    ("while x y:\n    z = 1\n", "while ...:\n    z = 1"),
    ("with open(:\n    z = 1\n", "with ...:\n    z = 1"),
    ("@\ndef f():\n    pass\n", "def f():\n    pass"),
    ("@a(\n@b\ndef f():\n    x = 1\n", "def f():\n    x = 1"),
    ("def f():\n    a = 1\n    return b.\n", "def f():\n    a = 1\n    return"),
    ("def f():\n    if a:\n", "def f():\n    if a:\n        pass"),
    ("def f():\n    if a == 1\n        b = 2\n", "def f():\n    if ...:\n        b = 2"),
    ("def f():\n    a = 1\n        b = 2\n    c = 3\n", "def f():\n    a = 1\n    b = 2\n    c = 3"),
    ("def f():\n        a = 1\n    b = 2\n", "def f():\n    a = 1\n    b = 2"),
    ("x = 1\n  y = 2\nz = 3\n", "x = 1\nz = 3"),
    ("try:\n    a = 1\nb = 2\n", "a = 1\nb = 2"),
    ("try:\n    a = 1\nfoo.\nexcept E:\n    b = 2\n", "try:\n    a = 1\nexcept E:\n    b = 2"),
    ("try:\n    a = 1\nexcept E.:\n    b = 2\n", "try:\n    a = 1\nexcept:\n    b = 2"),
    ("match a:\n    case [b]:\n        c.\n    case {'d': e}:\n        f = 1\n",
     "match a:\n    case [b]:\n        pass\n    case {'d': e}:\n        f = 1"),
    ("match = f(\nmatch.x = 1\n", "match.x = 1"),
    ("urls = [\n    path('a', b),\n    path('c', d.),\n    path('e', f),\n]\n",
     "urls = [path('a', b), path('e', f)]"),
    ("d = {\n    'a': 1,\n    'b': [1, 2,\n    'c': 3,\n}\n", "d = {'a': 1, 'c': 3}"),
    ("def f(\n    a,\n    b=,\n):\n    c = 1\n", "def f():\n    c = 1"),
    ("if (a and\n        b or):\n    c = 1\n", "if ...:\n    c = 1"),
    ("class A:\n    def f(self):\n        '''Doc\n        x = 1\n\n"
     "    def g(self):\n        '''Doc.'''\n        y = 1\n",
     "class A:\n\n    def f(self):\n        x = 1\n\n    def g(self):\n        \"\"\"Doc.\"\"\"\n        y = 1"),
    ("if a:\n\tx = 1\n        y = 2\n", "if a:\n    x = 1\n    y = 2"),
    ("\0\n\ud800 = 1\nx = 1\n", "x = 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), BROKEN)
def test_recovery(text: str, kept: str) -> None:
    assert read(text) == kept
    problems = parse(text).problems
    assert problems
    lines = split_lines(text)
    for problem in problems:
        assert 0 <= problem.line < len(lines)
        assert 0 <= problem.column <= len(lines[problem.line])


@pytest.mark.parametrize(("text", "kept"), BROKEN)
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_recovery_with_other_line_breaks(text: str, kept: str, newline: str) -> None:
    assert read(text.replace("\n", newline)) == kept


def test_positions_behind_a_broken_statement_stay() -> None:
    text = "é = 'ü' +\n\nclass A:\n    def f(self):\n        x = (\n        y = 1\n\nz = 2\n"
    positions = {
        node.id: (node.lineno, node.col_offset)
        for statement in parse(text).statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name)
    }
    assert positions == {"y": (6, 8), "z": (8, 0)}


def test_a_compound_statement_ends_with_its_last_recovered_statement() -> None:
    (function,) = parse(
        "def f():\n    if a:\n        b = 1\n        c(\n    else:\n        d = 1\n        e.\n"
    ).statements
    assert (function.end_lineno, function.end_col_offset) == (6, 13)


def test_one_problem_for_each_broken_top_level_statement() -> None:
    text = "a = (\n\ndef f():\n    b.\n    c.\n\nd = 1\n\nclass A\n    e = 1\n"
    assert [(problem.line, problem.message) for problem in parse(text).problems] == [
        (0, "'(' was never closed"),
        (3, "invalid syntax"),
        (8, "expected ':'"),
    ]
    assert parse(text).lost == 4


# --- newer syntax ----------------------------------------------------------------------------------------

NEWER = [
    ("type A = int\n", "A = int"),
    ("type A[T] = list[T]\n", "A = list[T]"),
    ("def f[T: (int, str), *Ts, **P](a: T) -> T:\n    x = 1\n", "def f(a: T) -> T:\n    x = 1"),
    ("def f[T: dict[str, list[int]]](a: T):\n    x = 1\n", "def f(a: T):\n    x = 1"),
    ("async def f[T = int](a: T):\n    x = 1\n", "async def f(a: T):\n    x = 1"),
    ("class A[T](B[T]):\n    x = 1\n", "class A(B[T]):\n    x = 1"),
    ("class A[\n    T: str,\n    U,\n](B[T]):\n    x = 1\n", "class A(B[T]):\n    x = 1"),
    ("class A:\n\n    @x\n    def f[T](self) -> T:\n        return 1\n",
     "class A:\n\n    @x\n    def f(self) -> T:\n        return 1"),
    ("try:\n    x = 1\nexcept A, B.c:\n    y = 1\n", "try:\n    x = 1\nexcept A | B.c:\n    y = 1"),
    ("try:\n    x = 1\nexcept* A, B:\n    y = 1\n", "try:\n    x = 1\nexcept* A | B:\n    y = 1"),
    ("x = f\"{a[\"b\"]} and {c['d']}\"\n", "x = f\"{a['b']} and {c['d']}\""),
    ("x = f\"{f\"{a}\"}\"\n", "x = f\"{f'{a}'}\""),
    ("x = f'{\"\\n\".join(a)}'\n", "x = f\"{'  '.join(a)}\""),
    ('x = t"{a} {b!r:>{c}}"\n', "x = f'{a} {b!r:>{c}}'"),
    ('x = rt"{a}"\n', "x = f'{a}'"),
    ("lazy import json\nlazy from a import b\n", "import json\nfrom a import b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), NEWER)
def test_newer_syntax_is_no_problem(text: str, kept: str) -> None:
    parsed = parse(text)
    assert parsed.problems == []
    assert_inside(parsed.statements, text)
    assert parsed.statements
    if not _understands(text):
        assert ast.unparse(ast.Module(parsed.statements, [])) == kept


def _understands(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize(("text", "_"), NEWER)
def test_names_in_newer_syntax_stand_where_they_are_written(text: str, _: str) -> None:
    lines = text.splitlines()
    for statement in parse(text).statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and 'f"' not in text and "f'" not in text and 't"' not in text:
                assert lines[node.lineno - 1][node.col_offset : node.end_col_offset] == node.id


def test_newer_syntax_beside_a_broken_statement() -> None:
    text = 'type A = int\n\ndef f[T](a: T):\n    b.\n    return f"{a["c"]}"\n'
    parsed = parse(text)
    assert [problem.line for problem in parsed.problems] == [3]
    assert [type(statement).__name__ for statement in parsed.statements][-1] == "FunctionDef"


# --- texts that want to do harm --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "x = " + "[" * 3_000 + "]" * 3_000,
        "x" + ".a()" * 20_000,
        "x = " + "not " * 20_000 + "y",
        "x = " + "1+" * 20_000 + "1",
        "lambda:" * 5_000,
        "".join(" " * depth + "if x:\n" for depth in range(300)),
        "".join(" " * depth + "if x y:\n" for depth in range(90)),
        "if x:\n  a\n" + "elif x:\n  a b\n" * 500,
        "@a\n" * 2_000,
        '"""\n' * 2_001,
        "'''a\n" * 2_001,
        "\\\n" * 5_000,
        'f"{' * 500,
        "a b c\n" * 3_000,
        '{"a": [1, 2}\n' * 2_000,
        "def f(:\n    x y\n" * 500,
        "\0" * 5_000,
    ],
    ids=range(18),
)  # fmt: skip
def test_hostile_texts_are_survived(text: str) -> None:
    parsed = parse(text)
    assert_inside(parsed.statements, text)
    assert parsed.problems


@pytest.mark.parametrize(
    ("text", "line"),
    [("  x = 1\n", 0), ("\n# why\n    import os\nx = 2\n", 2), ("\tclass A:\n\t\tpass\n", 0)],
)
def test_an_indented_text_is_told_and_kept(text: str, line: int) -> None:
    parsed = parse(text)
    assert [(problem.line, problem.message) for problem in parsed.problems] == [(line, "unexpected indent")]
    assert parsed.lost == 1
    assert parsed.statements[0].lineno == line + 1


def test_sound_code_behind_many_errors_is_kept() -> None:
    text = "a b\n" * 300 + "def f():\n    return 1\n"
    assert [getattr(statement, "name", "") for statement in parse(text).statements] == ["f"]


def test_type_parameters_over_several_lines() -> None:
    header = "def route[\n    T: int | str\n](\n    pool: list[T],\n    *,\n    proxy: str,\n)"
    text = f"{header} -> tuple[T, ...]:\n    return 1\n"
    parsed = parse(text)
    assert parsed.problems == []
    function = parsed.statements[0]
    assert isinstance(function, ast.FunctionDef)
    assert [arg.arg for arg in function.args.args] == ["pool"]
