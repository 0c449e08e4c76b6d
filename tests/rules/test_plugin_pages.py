"""The harness for pages as teams use it: the example in the documentation passes, and wrong ones fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from djguide_analyzers.rules import plugins, registry
from djguide_analyzers.testing import check_page, codes_in
from djguide_analyzers.testing.pages import PageError
from djguide_analyzers.testing.proofs import ProofFailed

TEXT = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
NAME = "house/forbidden_model_name"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the example, and a registry that forgets it afterwards."""
    (module,) = re.findall(r"^```python\n(\"\"\"Models.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (page,) = re.findall(r"^````markdown\n(.*?)^````$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "house").mkdir()
    (tmp_path / f"{NAME}.py").write_text(module)
    (tmp_path / f"{NAME}.md").write_text(page)
    monkeypatch.setattr(plugins, "_named", [])
    yield tmp_path
    registry.load_anew()


def change(rules: Path, old: str, new: str) -> None:
    page = rules / f"{NAME}.md"
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")


def test_the_example_of_the_documentation(rules: Path, cache: Path) -> None:
    assert codes_in(rules) == ["forbidden-model-name"]
    check_page("forbidden-model-name", cache=cache)


def test_the_test_of_the_documentation(rules: Path) -> None:
    (test,) = re.findall(r"^```python\n(from pathlib.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    namespace = {"__file__": str(rules.parent / "test_rules.py")}
    exec(compile(test.replace('"django_rules"', repr(rules.name)), "docs/plugins.md", "exec"), namespace)
    assert callable(namespace["test_page"])


def unmarked(rules: Path) -> None:
    change(rules, "  # finding", "")


def marked_in_vain(rules: Path) -> None:
    change(rules, "class Item(forms.Form):", "class Item(forms.Form):  # finding")


def wrong_header(rules: Path) -> None:
    change(rules, "Severity: **info**", "Severity: **error**")


def wrong_title(rules: Path) -> None:
    change(rules, "# forbidden-model-name", "# forbidden")


def failing_proof(rules: Path) -> None:
    change(rules, "## Good\n", "## Good\n\n```python proof\nassert queries(list, []) == 1\n```\n")


def no_page(rules: Path) -> None:
    (rules / f"{NAME}.md").unlink()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (unmarked, AssertionError),
        (marked_in_vain, AssertionError),
        (wrong_header, AssertionError),
        (wrong_title, AssertionError),
        (failing_proof, ProofFailed),
        (no_page, AssertionError),
        (lambda rules: change(rules, "```python shop/forms.py", "```python"), PageError),
    ],
)
def test_a_page_that_is_wrong(
    rules: Path, cache: Path, spoil: Callable[[Path], None], error: type[Exception]
) -> None:
    spoil(rules)
    codes_in(rules)
    with pytest.raises(error):
        check_page("forbidden-model-name", cache=cache)


def test_a_rule_that_cannot_be_loaded_fails_at_once(rules: Path) -> None:
    (rules / "house" / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(AssertionError, match="no_such_module_anywhere"):
        codes_in(rules)


def test_a_code_that_does_not_exist() -> None:
    with pytest.raises(AssertionError, match="there is no rule called 'nothing'"):
        check_page("nothing")
