"""Comments that silence findings."""

from __future__ import annotations

from pathlib import Path

import pytest
from workspaces import FILES, Shop

from djguide_analyzers.rules.finding import Finding, Safety
from djguide_analyzers.source.edits import apply_edits

CODE = "len-of-queryset"
HEAD = "from shop.models import Book\n\n"

SILENT = {
    "line": f"x = len(Book.objects.all())  # djguide: ignore[{CODE}]\n",
    "line, with other words": f"x = len(Book.objects.all())  # djguide: ignore[{CODE}] -- small table\n",
    "line, several codes": f"x = len(Book.objects.all())  # djguide: ignore[{CODE}, unused-suppression]\n",
    "any case and spacing": f"x = len(Book.objects.all())  #DjGuide :  Ignore[ {CODE} ]\n",
    "alone above": f"# djguide: ignore[{CODE}]\nx = len(Book.objects.all())\n",
    "alone above, indented": f"def f():\n    # djguide: ignore[{CODE}]\n    return len(Book.objects.all())\n",
    "alone above a block": f"# djguide: ignore[{CODE}]\ndef f():\n    x = 1\n    return len(Book.objects.all())\n",
    "alone, a blank line between": f"# djguide: ignore[{CODE}]\n\nx = len(Book.objects.all())\n",
    "alone, a comment between": f"# djguide: ignore[{CODE}]\n# because it is small\nx = len(Book.objects.all())\n",
    "alone, inside a call": f"x = foo(\n    # djguide: ignore[{CODE}]\n    len(Book.objects.all()),\n)\n",
    "function": f"def f():  # djguide: ignore[{CODE}]\n    x = 1\n    return len(Book.objects.all())\n",
    "class": f"class A:  # djguide: ignore[{CODE}]\n    def f(self):\n        return len(Book.objects.all())\n",
    "decorator line": f"@d  # djguide: ignore[{CODE}]\n@e\ndef f():\n    return len(Book.objects.all())\n",
    "second decorator line": f"@d\n@e  # djguide: ignore[{CODE}]\ndef f():\n    return len(Book.objects.all())\n",
    "line of a decorated function": f"@d\ndef f():  # djguide: ignore[{CODE}]\n    len(Book.objects.all())\n",
    "above decorators": f"# djguide: ignore[{CODE}]\n@d\ndef f():\n    return len(Book.objects.all())\n",
    "nested function": f"def f():\n    def g():  # djguide: ignore[{CODE}]\n        len(Book.objects.all())\n",
    "if": f"if Book:  # djguide: ignore[{CODE}]\n    x = 1\nelse:\n    x = len(Book.objects.all())\n",
    "for": f"for y in z:  # djguide: ignore[{CODE}]\n    x = len(Book.objects.all())\n",
    "with": f"with y:  # djguide: ignore[{CODE}]\n    x = len(Book.objects.all())\n",
    "try": f"try:  # djguide: ignore[{CODE}]\n    x = len(Book.objects.all())\nfinally:\n    pass\n",
    "match": f"match y:  # djguide: ignore[{CODE}]\n    case 1:\n        len(Book.objects.all())\n",
    "file": f"# djguide: ignore-file[{CODE}]\nx = len(Book.objects.all())\n",
    "file, at the end": f"x = len(Book.objects.all())\n# djguide: ignore-file[{CODE}]\n",
    "first line of a long statement": f"x = len(  # djguide: ignore[{CODE}]\n    Book.objects.all()\n)\n",
}
LOUD = {
    "another line": f"y = 1  # djguide: ignore[{CODE}]\nx = len(Book.objects.all())\n",
    "behind the block": f"def f():  # djguide: ignore[{CODE}]\n    pass\nx = len(Book.objects.all())\n",
    "another code": "x = len(Book.objects.all())  # djguide: ignore[money-stored-as-float]\n",
    "no code": "x = len(Book.objects.all())  # djguide: ignore\n",
    "no code in brackets": "x = len(Book.objects.all())  # djguide: ignore[]\n",
    "in a string": f"x = len(Book.objects.all()), '# djguide: ignore[{CODE}]'\n",
    "in the middle of a comment": f"x = len(Book.objects.all())  # see djguide: ignore[{CODE}]\n",
    "another word": f"x = len(Book.objects.all())  # djguide: disable[{CODE}]\n",
    "another tool": f"x = len(Book.objects.all())  # noqa: {CODE}\n",
}


def findings(tmp_path: Path, text: str, **settings: list[str]) -> list[Finding]:
    files = {**FILES, "shop/views.py": HEAD + text, "shop/models.py": MODELS}
    shop = Shop(tmp_path / "shop", files, settings={**settings})
    found = shop.report().findings
    shop.workspace.close()
    # What other rules say of these texts, now or some day, is not the matter here.
    told = [finding for finding in found if finding.code == CODE or finding.practice == "djguide"]
    return [finding for finding in told if finding.place.path == shop.path("shop/views.py")]


MODELS = "from django.db import models\n\n\nclass Book(models.Model):\n    title = models.TextField()\n"


@pytest.mark.parametrize("name", SILENT)
def test_silent(tmp_path: Path, name: str) -> None:
    assert [finding.code for finding in findings(tmp_path, SILENT[name])] == []


@pytest.mark.parametrize("name", SILENT)
def test_each_of_them_has_something_to_silence(tmp_path: Path, name: str) -> None:
    text = SILENT[name].lower().replace("ignore", "was").replace("djguide", "x").replace("book", "Book")
    assert [finding.code for finding in findings(tmp_path, text)] == [CODE]


@pytest.mark.parametrize("name", LOUD)
def test_loud(tmp_path: Path, name: str) -> None:
    assert CODE in [finding.code for finding in findings(tmp_path, LOUD[name])]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# djguide: ignore", "Say which rule is meant: `djguide: ignore[code]`"),
        ("# djguide: ignore[ ]", "Say which rule is meant: `djguide: ignore[code]`"),
        ("# djguide: ignore-file", "Say which rule is meant: `djguide: ignore-file[code]`"),
        ("# djguide: ignore[no-such-rule]", "There is no rule called `no-such-rule`"),
        ("# djguide: ignore[queries]", "There is no rule called `queries`"),
        (
            "# djguide: off[x]",
            "`djguide: off` means nothing; use `djguide: ignore[code]` or `djguide: ignore-file[code]`",
        ),
        (
            "# djguide:",
            "`djguide: ` means nothing; use `djguide: ignore[code]` or `djguide: ignore-file[code]`",
        ),
    ],
)
def test_comments_that_say_nothing(tmp_path: Path, comment: str, message: str) -> None:
    (finding,) = findings(tmp_path, f"x = 1  {comment}\n")
    assert (finding.code, finding.message) == ("invalid-suppression", message)
    assert finding.place.range.start == (2, 7)
    assert finding.fixes == ()


UNUSED = [
    (f"x = 1  # djguide: ignore[{CODE}]\n", "x = 1\n"),
    (f"x = 1 # djguide: ignore[{CODE}]\n", "x = 1\n"),
    (f"x = 1# djguide: ignore[{CODE}]\n", "x = 1\n"),
    (f"x = 1\t # djguide: ignore[{CODE}]\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
    (f"# djguide: ignore[{CODE}]\nx = 1\n", "x = 1\n"),
    (f"def f():\n    # djguide: ignore[{CODE}]\n    return 1\n", "def f():\n    return 1\n"),
    (f"x = 1\n# djguide: ignore-file[{CODE}]", "x = 1\n"),
    (f"x = len(Book.objects.all())  # djguide: ignore[{CODE}, money-stored-as-float]\n",
     f"x = len(Book.objects.all())  # djguide: ignore[{CODE}]\n"),
    (f"x = 1  # djguide: ignore[{CODE}, money-stored-as-float]\n", "x = 1\n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UNUSED)
def test_unused_ones_are_told_and_can_be_removed(tmp_path: Path, text: str, expected: str) -> None:
    (finding,) = findings(tmp_path, text)
    assert finding.code == "unused-suppression"
    (fix,) = finding.fixes
    assert fix.safety is Safety.SAFE
    fixed = apply_edits(HEAD + text, fix.edits)
    assert [line.rstrip() for line in fixed.splitlines()] == [
        line.rstrip() for line in (HEAD + expected).splitlines()
    ]
    assert compile(fixed, "fixed", "exec")


def test_words_beside_an_unused_one_are_left_to_their_author(tmp_path: Path) -> None:
    (finding,) = findings(tmp_path, f"x = 1  # djguide: ignore[{CODE}] because the table is small\n")
    assert finding.code == "unused-suppression"
    assert finding.fixes == ()


def test_codes_of_rules_that_do_not_run_are_not_called_unused(tmp_path: Path) -> None:
    text = f"x = 1  # djguide: ignore[{CODE}]\n"
    assert findings(tmp_path, text, ignore=[CODE]) == []


def test_nothing_is_said_of_comments_when_only_some_rules_run(tmp_path: Path) -> None:
    assert findings(tmp_path, "x = 1  # djguide: ignore\n", select=["money-stored-as-float"]) == []


TWO_ENDS = {
    "shop/services.py": "def names(books):\n    return [book.author.name for book in books]\n",
    "shop/views.py": (
        "from shop.models import Book\nfrom shop.services import names\n\n\n"
        "def listing():\n    return names(Book.objects.all())\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "old"),
    [("shop/services.py", "in books]"), ("shop/views.py", "Book.objects.all())")],
)
def test_either_end_of_a_finding_can_silence_it(tmp_path: Path, name: str, old: str) -> None:
    files = {**FILES, **TWO_ENDS}
    shop = Shop(tmp_path / "shop", files, settings={"select": ["queries"]})
    assert len(shop.check()) == 1
    shop.write(**{name: files[name].replace(old, f"{old}  # djguide: ignore[n-plus-one-foreign-key]")})
    shop.workspace.changed_on_disk([shop.path(name)])
    assert shop.check() == []
