"""Evaluating definitions statically."""

from __future__ import annotations

import pytest
from model_sources import Texts

from djguide_analyzers.project.models.evaluation import UNKNOWN, Interpreter
from djguide_analyzers.project.resolve import Resolver


def value_of(text: str, name: str = "x", **others: str):
    find = Texts({"m.py": text, **{f"{key}.py": other for key, other in others.items()}})
    module = find("m")
    assert module is not None
    return Interpreter(Resolver(find)).global_value(module, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1 + 2 * 3", 7),
        ("x = 'a' + 'b' * 2", "abb"),
        ("x = '%s-%d' % ('a', 1)", "a-1"),
        ("x = f'{1}b'", "1b"),
        ("x = [1, 2][0:1]", [1]),
        ("x = {'a': 1, **{'b': 2}}", {"a": 1, "b": 2}),
        ("x = max(len(w) for w in ('a', 'bbb'))", 3),
        ("x = {k: v for k, v in {'a': 1}.items() if v}", {"a": 1}),
        ("x = [1]\nx += [2]\nx.append(3)", [1, 2, 3]),
        ("x = {}\nx['a'] = 1\nx.setdefault('b', 2)", {"a": 1, "b": 2}),
        ("a, *b = 1, 2, 3\nx = b", [2, 3]),
        ("x = None or 0 or 'last'", "last"),
        ("x = 1 if not [] else 2", 1),
        ("x = (lambda a, b=2: a * b)(4)", 8),
        ("def f(a, *b, c=1, **d):\n    return (a, b, c, d)\nx = f(1, 2, c=3, e=4)", (1, (2,), 3, {"e": 4})),
        ("def f(n):\n    for i in range(n):\n        if i == 2:\n            return i\nx = f(5)", 2),
        ("try:\n    x = {}['a']\nexcept KeyError:\n    x = 'none'", "none"),
        ("try:\n    unicode\nexcept NameError:\n    unicode = str\nx = isinstance('a', unicode)", True),
        ("class A:\n    n = 3\n    m = n * 2\nx = A.m", 6),
        (
            "class A:\n    def __init__(self, n):\n        self.n = n\n    @property\n    def double(self):\n        return self.n * 2\nx = A(4).double",  # noqa: E501
            8,
        ),
        (
            "class A:\n    def f(self):\n        return 'a'\nclass B(A):\n    def f(self):\n        return super().f() + 'b'\nx = B().f()",  # noqa: E501
            "ab",
        ),
        ("class A:\n    def __getattr__(self, name):\n        return name\nx = A().anything", "anything"),
        (
            "class A:\n    n = 1\n    def __getattribute__(self, name):\n        if name == 'm':\n"
            "            return 5\n"
            "        return super().__getattribute__(name)\nx = (A().m, A().n, hasattr(A(), 'o'))",
            (5, 1, False),
        ),
        (
            "class A:\n    kept: dict\n    def f(self):\n        return hasattr(self, 'kept')\nx = A().f()",
            False,
        ),
        ("class B:\n    n = 2\nclass A(B):\n    n: int\nx = A.n", 2),
        ("import threading\nhere = threading.local()\nx = getattr(here, 'chosen', 'none')", "none"),
        (
            "import threading\ndef f():\n    here = threading.local()\n    here.chosen = 1\n"
            "    return getattr(here, 'chosen', 2)\nx = f()",
            1,
        ),
        ("import re\nx = '_'.join(re.findall(r'\\w+', 'IP addresses'))", "IP_addresses"),
        (
            "from collections import defaultdict\ndef f():\n    found = defaultdict(list)\n"
            "    for key in ('a', 'b'):\n        found[key, 1].append(key)\n    return found\nx = f()",
            {("a", 1): ["a"], ("b", 1): ["b"]},
        ),
        ("class A:\n    n = 1\ndef f():\n    del A.n\n    return hasattr(A, 'n')\nx = f()", False),
        (
            "class M(type): ...\nclass N(M): ...\nclass A(metaclass=M): ...\nclass B: ...\n"
            "x = [isinstance(cls, kind) for cls in (A, B) for kind in (M, N)]",
            [True, False, False, False],
        ),
        ("import re\nx = re.sub('[A-Z]', '_', 'aBc')", "a_c"),
        ("import enum\nclass E(enum.Enum):\n    A = 'a'\nx = [e.value for e in E]", ["a"]),
        ("def outer(n):\n    def inner(m):\n        return n + m\n    return inner\nx = outer(1)(2)", 3),
        ("import functools\nx = functools.partial(max, 1)(3)", 3),
    ],
)
def test_what_can_be_known(text, expected):
    assert value_of(text) == expected


def test_expressions_that_may_take_long_are_not_applied():
    assert value_of("import re\nx = re.findall('(a+)+$', 'a' * 40 + 'b')") is UNKNOWN
    assert value_of("import re\nx = re.findall('(', 'a')") is UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = os.environ['A']",
        "import os\nif os.environ.get('A'):\n    x = 1\nelse:\n    x = 2",
        "x = open('file').read()",
        "def f(n):\n    return f(n + 1)\nx = f(0)",
        "def f():\n    while True:\n        pass\nx = [f() for _ in range(10 ** 9)][10 ** 8]",
        "x = 2 ** 10 ** 10",
        "x = y\ny = x",
        "x = __import__('os').getpid()",
    ],
)
def test_what_cannot_be_known_is_unknown(text):
    assert not isinstance(value_of(text), (int, str))


def test_branches_that_agree_are_known():
    text = "import os\nx = {}\nif os.environ.get('A'):\n    x['a'] = 1\n    x['b'] = 1\nelse:\n    x['a'] = 1\n    x['b'] = 2"  # noqa: E501
    value = value_of(text)
    assert value["a"] == 1 and value["b"] is UNKNOWN


def test_a_branch_that_raises_is_not_taken():
    text = "import os\ndef f():\n    n = 1\n    if os.environ.get('A'):\n        n = 2\n        raise ValueError\n    return n\nx = f()"  # noqa: E501
    assert value_of(text) == 1


def test_nothing_of_the_project_is_run(tmp_path):
    witness = tmp_path / "ran"
    value_of(f"x = open({str(witness)!r}, 'w').write('ran')\n__import__('os').system('touch {witness}')")
    assert not witness.exists()


def test_values_follow_imports_and_conditions_in_other_modules():
    other = "import django\nif django.VERSION >= (2, 0):\n    LIMIT = 5\nelse:\n    LIMIT = 6\n"
    assert value_of("from other import LIMIT as x", other=other) == 5
