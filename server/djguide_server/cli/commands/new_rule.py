"""``djguide new-rule``: the module and the page of a rule to be written, for djguide's own developers."""

from __future__ import annotations

import difflib
import keyword
import os
import re
from pathlib import Path

import click

from djguide_server.cli import engine, streams

_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PRACTICE = re.compile(r"[a-z]+")

_MODULE = '''\
"""Finds nothing yet."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Severity

RULE = Rule(
    summary="Finds nothing yet",
    severity=Severity.WARNING,
)


def check(file: FileContext) -> Iterator[Hit]:
    yield from ()
'''

_PAGE = """\
# {code}

<!-- What is found, and what is wrong with it, in a sentence or two. Editors show this text and the line below. -->

Severity: **warning** · Fix: **none** · Default: **on** · Django: **all versions**

## Why

<!-- What it costs: queries, rows in memory, wrong results, and when somebody notices. -->

## When not to follow it

<!-- Where the code is right as it is, and what the fix may change. -->

## Bad

```python shop/models.py
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=80)
```

```python shop/services.py
from .models import Product


def names():
    return [product.name for product in Product.objects.all()]  # finding
```

## Good

<!-- The files above once every fix is applied: ```python shop/services.py fixed. Without a fix, the code that
should stand there instead. Then a "## Proof" with a ```python proof that shows the claim on real Django. -->

## Near misses

<!-- Files that look like the bad ones and are right. Think of aliases, comprehensions, inheritance, managers of
one's own, async code: the rule must be silent about every line. -->

## Reference

<!-- Django documentation: name of the page ("Name of the section"). -->
"""


@click.command("new-rule", short_help="Start a rule of djguide's own: its module and its page.")
@click.argument("practice")
@click.argument("code")
@click.option("--new-practice", is_flag=True, help="Make a folder for PRACTICE, which has no rules so far.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write into this folder of rules of your own instead.",
)
def command(practice: str, code: str, new_practice: bool, folder: Path | None) -> None:
    """Write the module and the page of a new rule CODE into djguide's source tree, or a folder of your own rules.

    The tests of the page fail until the rule finds what its page says.
    """
    _refuse_bad_code(code)
    _refuse_bad_practice(practice)
    own = folder is not None
    folder = (folder or _source_folder()) / practice
    if not folder.is_dir() and not new_practice and not own:
        raise click.UsageError(_no_such_practice(practice))
    module = folder / f"{code.replace('-', '_')}.py"
    page = module.with_suffix(".md")
    for path in (module, page):
        if path.exists():
            raise click.UsageError(f"{path} exists already.")
    folder.mkdir(parents=True, exist_ok=True)
    texts = {module: _MODULE, page: _PAGE.format(code=code)}
    if not own and not (folder / "__init__.py").exists():
        texts[folder / "__init__.py"] = ""
    for path, text in texts.items():
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        streams.emit(f"{path}\n")
    streams.emit(
        f"Fill them in until their test passes: `check_page({code!r})`, see docs/plugins.md.\n"
        if own
        else f"Fill them in until this passes: pytest tests/rules -k {code}\n"
    )


def _refuse_bad_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", code).lower()).strip("-")
        hint = f" Did you mean {words!r}?" if _CODE.fullmatch(words) else ""
        raise click.UsageError(f"{code!r} is not kebab-case, as in 'len-of-queryset'.{hint}")
    if keyword.iskeyword(code):
        raise click.UsageError(f"{code!r} cannot be the name of a module.")
    if engine.rule(code) is not None or code in engine.own_codes():
        raise click.UsageError(f"{code!r} exists already: `djguide rule {code}` shows it.")


def _is_shared(practice: str) -> bool:
    """Whether a module that all rules share has that name."""
    return (_rules_folder() / f"{practice}.py").exists()


def _refuse_bad_practice(practice: str) -> None:
    if not _PRACTICE.fullmatch(practice) or keyword.iskeyword(practice) or _is_shared(practice):
        raise click.UsageError(f"{practice!r} cannot be a practice: one word in lower case, as in 'queries'.")


def _no_such_practice(practice: str) -> str:
    known = sorted({entry.practice for entry in engine.all_rules()})
    close = difflib.get_close_matches(practice, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(known)}."
    return f"There is no practice {practice!r}. {hint} --new-practice makes one."


def _rules_folder() -> Path:
    """Folder of the rules of the djguide that runs."""
    from djguide_analyzers import rules

    return Path(rules.__file__).parent


def _source_folder() -> Path:
    """Folder of the rules in a source tree that can be written to."""
    folder = _rules_folder()
    root = folder.parents[2]
    if not (root / "pyproject.toml").is_file() or not (root / "tests" / "rules").is_dir():
        raise click.UsageError(
            f"djguide runs from {folder.parent}, which is no checkout of its source: "
            "a rule needs its tests beside it."
        )
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{folder} cannot be written to.")
    return folder
