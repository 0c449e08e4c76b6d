import pytest

from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import LineIndex
from djguide_server.lsp.suppress import file_suppression, suppression


def ignored(path: str, text: str, line: int = 0, code: str = "some-code") -> str | None:
    found = suppression(path, LineIndex(text), line, code)
    return None if found is None else apply_edits(text, [Edit(path, *found)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "x = 1  # djguide: ignore[some-code]\n"),
        ("x = 1   \r\ny\r\n", "x = 1  # djguide: ignore[some-code]\r\ny\r\n"),
        ("x = 1", "x = 1  # djguide: ignore[some-code]"),
        ("x = 1  # noqa: E501\n", "x = 1  # noqa: E501  # djguide: ignore[some-code]\n"),
        ("x  # djguide: ignore[other]\n", "x  # djguide: ignore[other, some-code]\n"),
        ("x  #DJGUIDE : Ignore [other]\n", "x  #DJGUIDE : Ignore [other, some-code]\n"),
        ("x  # djguide:ignore[other,]  # more\n", "x  # djguide:ignore[other, some-code]  # more\n"),
        (
            "x = '# djguide: ignore[other]'\n",
            "x = '# djguide: ignore[other]'  # djguide: ignore[some-code]\n",
        ),
        ("f(\n", "f(  # djguide: ignore[some-code]\n"),
    ],
)
def test_python(before: str, after: str) -> None:
    assert ignored("/a.py", before) == after


STRING = 'def f():\n    x = """a\n    b\n    """\n'


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        (STRING, 1, STRING.replace("    x", "    # djguide: ignore[some-code]\n    x")),
        (STRING, 2, None),
        (STRING, 3, STRING[:-1] + "  # djguide: ignore[some-code]\n"),
        ("x = 1 + \\\n  2\n", 0, "# djguide: ignore[some-code]\nx = 1 + \\\n  2\n"),
        ("x = 1 + \\\n  2 \\\n  + 3\n", 1, None),
        ("# words\nx = 1 + \\\n  2\n", 1, "# words\n# djguide: ignore[some-code]\nx = 1 + \\\n  2\n"),
        ("# djguide: ignore[a]\nx = 1 + \\\n  2\n", 1, "# djguide: ignore[a, some-code]\nx = 1 + \\\n  2\n"),
    ],
)
def test_python_where_a_line_has_no_room_for_a_comment(before: str, line: int, after: str | None) -> None:
    assert ignored("/a.py", before, line) == after


def test_a_code_that_is_ignored_already_is_not_added() -> None:
    assert ignored("/a.py", "x  # djguide: ignore[a, some-code]\n") is None
    assert ignored("/a.html", "{# djguide: ignore[some-code] #}\n") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>{{ x }}</p>\n", "<p>{{ x }}</p> {# djguide: ignore[some-code] #}\n"),
        ("a {# djguide: ignore[other] #}\n", "a {# djguide: ignore[other, some-code] #}\n"),
        ("a # djguide: ignore[other]\n", "a # djguide: ignore[other] {# djguide: ignore[some-code] #}\n"),
    ],
)
def test_templates(before: str, after: str) -> None:
    assert ignored("/t.html", before) == after
    assert ignored("/t.txt", before) == after


TRANSLATED = "{% load i18n %}\n  {% blocktranslate %}{{ x }}\n{{ y }}\n{% endblocktranslate %}\n"
VERBATIM = "{% verbatim %}{{ x }}\n{% endverbatim %}\n"
COMMENT = "{# djguide: ignore[some-code] #}"


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        # Django allows no comment in a translated block, and takes it for text in a verbatim one.
        (TRANSLATED, 1, TRANSLATED.replace("  {% b", f"  {COMMENT}\n  {{% b")),
        (TRANSLATED, 2, None),
        (TRANSLATED, 3, TRANSLATED[:-1] + f" {COMMENT}\n"),
        (VERBATIM, 0, f"{COMMENT}\n{VERBATIM}"),
        ("{% if %}\n", 0, f"{{% if %}} {COMMENT}\n"),  # what is broken already is no obstacle
    ],
)
def test_templates_where_a_line_has_no_room_for_a_comment(before: str, line: int, after: str | None) -> None:
    assert ignored("/t.html", before, line) == after


def test_files_without_suppressions_and_lines_that_do_not_exist() -> None:
    assert ignored("/pyproject.toml", "x\n") is None
    assert ignored("/a.py", "x", line=3) is None


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("/a.py", "x = 1\n", "# djguide: ignore-file[some-code]\nx = 1\n"),
        ("/a.py", '"""Words."""\r\n', '# djguide: ignore-file[some-code]\r\n"""Words."""\r\n'),
        ("/a.py", "#!/usr/bin/python\n# -*- coding: utf-8 -*-\nx\n",
         "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n# djguide: ignore-file[some-code]\nx\n"),
        ("/a.py", "# djguide: ignore-file[other]\nx\n", "# djguide: ignore-file[other, some-code]\nx\n"),
        ("/a.py", "# djguide: ignore-file[some-code]\nx\n", None),
        ("/a.py", "\ufeffx\n", "\ufeff# djguide: ignore-file[some-code]\nx\n"),
        ("/a.html", "<p>\n", "{# djguide: ignore-file[some-code] #}\n<p>\n"),
        ("/pyproject.toml", "x = 1\n", None),
    ],
)  # fmt: skip
def test_whole_files(path: str, before: str, after: str | None) -> None:
    found = file_suppression(path, LineIndex(before), "some-code")
    assert (None if found is None else apply_edits(before, [Edit(path, *found)])) == after
