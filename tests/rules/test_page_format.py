"""The tools that run pages: a page that is wrong must not pass."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from djguide_analyzers.rules.base import Rule
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.testing import projects, proofs, warm
from djguide_analyzers.testing.pages import Lines, PageError, Proof, header, marked, read_page

MODELS = """\
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=80)
"""
PAGE = f"""\
# some-code

What it is.

Severity: **info**

## Why

Because.

```text
free text
```

## Bad

```python shop/models.py
{MODELS}```

```html shop/templates/list.html
{{% for product in products %}}
  {{{{ product.name }}}} {{# finding #}}
```

```python shop/models.py fixed
# nothing left
```

```python proof
assert fixed
```

---

```python other/models.py
x = 1
```
"""


def page(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some_code.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_page_is_read(tmp_path: Path) -> None:
    read = read_page(page(tmp_path, PAGE))
    assert (read.title, read.introduction) == ("some-code", "What it is.\n\nSeverity: **info**")
    assert read.sections["Why"] == "Because.\n\n```text"
    first, second = read.projects
    assert first.before() == {
        "shop/models.py": MODELS,
        "shop/templates/list.html": "{% for product in products %}\n  {{ product.name }}\n",
    }
    assert first.findings_before() == {"shop/templates/list.html": Lines(Counter({2: 1}), Counter())}
    assert first.after()["shop/models.py"] == "# nothing left\n"
    [proof] = first.proofs
    assert proof.text == "assert fixed\n"
    assert PAGE.split("\n")[proof.line - 1] == "assert fixed"
    assert second.before() == {"other/models.py": "x = 1\n"}


@pytest.mark.parametrize(
    ("named", "databases"),
    [
        ("", ("sqlite",)),
        (" postgresql", ("postgresql",)),
        (" sqlite postgresql", ("sqlite", "postgresql")),
    ],
)
def test_databases_of_a_proof(tmp_path: Path, named: str, databases: tuple[str, ...]) -> None:
    text = f"# some-code\n```python shop/a.py\n```\n```python proof{named}\nassert fixed\n```\n"
    [project] = read_page(page(tmp_path, text)).projects
    assert project.proofs == [Proof("assert fixed\n", 5, databases)]


@pytest.mark.parametrize(
    ("line", "text", "owned", "ends"),
    [
        ("len(rows)  # finding", "len(rows)", {1: 1}, {}),
        ("f(a, b)  # 2 findings", "f(a, b)", {1: 2}, {}),
        ("{{ a.b }} {# finding #}", "{{ a.b }}", {1: 1}, {}),
        ("f(a)  # other end of the finding", "f(a)", {}, {1: 1}),
        ("f(a)  # why  # finding", "f(a)  # why", {1: 1}, {}),
        ("f(a)  # a finding", "f(a)  # a finding", {}, {}),
        ('f("# finding")', 'f("# finding")', {}, {}),
    ],
)
def test_markers(line: str, text: str, owned: dict[int, int], ends: dict[int, int]) -> None:
    file = marked(line)
    assert file.text == text
    assert file.lines == Lines(Counter(owned), Counter(ends))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("```python\nx = 1\n```", "neither a file, a proof nor"),
        ("```python shop/a.py\n```\n```python shop/a.py\n```", ":4: shop/a.py is given twice"),
        ("```python shop/a.py fixed\n```", "no such file before"),
        ("```python proof mysql\n```", "neither a file, a proof nor"),
        ("```python shop/a.py\nx = 1", ":2: the block that starts here has no end"),
        ("Prose only.", "there is no project"),
    ],
)
def test_what_is_no_page(tmp_path: Path, block: str, reason: str) -> None:
    with pytest.raises(PageError) as error:
        read_page(page(tmp_path, f"# some-code\n{block}\n"))
    assert reason in str(error.value)


def test_header() -> None:
    rule = Rule("x", Severity.ERROR, Safety.REVIEW, default=False, django=">=6.0")
    assert header(rule) == "Severity: **error** · Fix: **review** · Default: **off** · Django: **>=6.0**"
    assert header(Rule("x", Severity.HINT)).endswith(
        "Fix: **none** · Default: **on** · Django: **all versions**"
    )


def test_projects_are_completed() -> None:
    files = projects.completed({"shop/admin/site.py": "x = 1\n", "pyproject.toml": "mine"})
    assert files["pyproject.toml"] == "mine"
    assert "shop/__init__.py" in files and "shop/admin/__init__.py" in files
    assert '"shop"]' in files["project/settings.py"]
    compile(files["project/settings.py"], "settings.py", "exec")


# --- proofs ------------------------------------------------------------------------------------------------


def prove(tmp_path: Path, text: str, *, fixed: bool = False, database: str = "sqlite") -> list[str]:
    files = {"shop/models.py": MODELS}
    proof = Proof("from shop.models import Product\n" + text, 40)
    return proofs.run_proof(
        sys.executable, tmp_path, files, proof, Path("page.md"), fixed=fixed, database=database
    )


@pytest.fixture(params=["forked", "new"])
def each_kind_of_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "new":
        monkeypatch.setattr(warm, "CAN_FORK", False)
    elif not warm.CAN_FORK:
        pytest.skip("processes cannot be forked here")


@pytest.mark.usefixtures("each_kind_of_process")
def test_a_proof_runs_on_django(tmp_path: Path) -> None:
    answer = prove(
        tmp_path,
        "for n in rounds(1, 3):\n"
        "    assert Product.objects.count() == 0\n"
        "    for i in range(n):\n"
        "        Product.objects.create(name=f'Product {i}')\n"
        "    assert queries(lambda: [Product.objects.get(pk=i + 1) for i in range(n)]) == n\n"
        "    same(Product.objects.count())\n"
        "with raises(Product.DoesNotExist):\n"
        "    Product.objects.get(pk=0)\n"
        "assert fixed\n",
        fixed=True,
    )
    assert answer == ["1", "3"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("assert queries(Product.objects.count) == 2", "AssertionError: 1 against 2"),
        ("assert fixed", "AssertionError"),
        ("with raises(ValueError):\n    pass", "AssertionError: nothing raised ValueError"),
        ("with raises(ValueError):\n    {}['key']", "KeyError: 'key'"),
        ("import sys\nsys.exit(3)", "bad version"),
        ("import os\nos._exit(3)", "bad version"),
        ("import os\nos.kill(os.getpid(), 9)", "bad version"),
        ("print('said')\nassert fixed", "said\nTraceback"),
    ],
)
@pytest.mark.usefixtures("each_kind_of_process")
def test_a_proof_that_fails(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(proofs.ProofFailed) as error:
        prove(tmp_path, text)
    assert reason in str(error.value)
    if "Error" in reason:
        assert 'File "page.md", line 4' in str(error.value)


@pytest.mark.usefixtures("each_kind_of_process")
def test_proofs_know_nothing_of_each_other(tmp_path: Path) -> None:
    change = "import os, django\nassert not hasattr(django, 'changed')\ndjango.changed = True\n"
    change += "assert 'CHANGED' not in os.environ\nos.environ['CHANGED'] = 'yes'\n"
    change += "Product.objects.create(name='a')\nsame(Product.objects.count())"
    assert [prove(tmp_path / name, change) for name in ("a", "b")] == [["1"], ["1"]]


@pytest.mark.usefixtures("each_kind_of_process")
def test_a_proof_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(proofs, "_SECONDS", 0.1)
        with pytest.raises(subprocess.TimeoutExpired):
            prove(tmp_path / "slow", "import time\ntime.sleep(600)")
    prove(tmp_path / "next", "assert not fixed")


@pytest.mark.skipif(not warm.CAN_FORK, reason="processes cannot be forked here")
def test_a_proof_that_ends_what_it_was_forked_from(tmp_path: Path) -> None:
    prove(tmp_path / "first", "assert not fixed")
    process = warm.forked_from(sys.executable)._process
    assert process is not None
    with pytest.raises(proofs.ProofFailed, match="the proof ended more than its own process"):
        prove(tmp_path / "bad", f"import os, time\nos.kill({process.pid}, 9)\ntime.sleep(1)")
    prove(tmp_path / "next", "assert not fixed")


@pytest.mark.parametrize("python", proofs.interpreters())
def test_what_is_loaded_before_the_proofs_configures_nothing(python: str) -> None:
    """A project's settings come after it, and threads would not survive a fork."""
    code = (
        f"import runpy, threading\nrunpy.run_path({warm.PROCESS.as_posix()!r})['load']()\n"
        "from django.apps import apps\nfrom django.conf import settings\n"
        "print(settings.configured, apps.ready, threading.active_count())"
    )
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False 1\n"


RACE = """\
from django.db import transaction

Product.objects.create(name="a")


def plainly():
    product = Product.objects.get()
    product.name += "b"
    product.save()


@transaction.atomic
def locked():
    product = Product.objects.select_for_update().get()
    product.name += "c"
    product.save()
    return product.name


at_once(plainly, plainly)
assert Product.objects.get().name == "ab"
assert sorted(at_once(locked, locked)) == ["abc", "abcc"]
assert Product.objects.get().name == "abcc"

with raises(transaction.TransactionManagementError):
    at_once(lambda: Product.objects.select_for_update().get())
with raises(ZeroDivisionError):
    at_once(plainly, lambda: 1 / 0)
"""


def test_a_proof_of_what_happens_at_once(tmp_path: Path) -> None:
    """All have read before one writes, and a lock keeps the others from reading."""
    prove(tmp_path, RACE)


@pytest.mark.skipif(not proofs.postgresql(), reason="needs a PostgreSQL server; .ci/run starts one")
def test_a_proof_on_postgresql(tmp_path: Path) -> None:
    """Each has a database of its own, which is gone afterwards; others may run at the same time."""
    own = "from django.db import connection\nsame(connection.settings_dict['NAME'])\n"
    look = own + "with connection.cursor() as cursor:\n"
    look += "    cursor.execute('SELECT datname FROM pg_database')\n"
    look += "    same(sorted(name for (name,) in cursor.fetchall()))\n"
    (race,) = prove(tmp_path / "race", RACE + own, database="postgresql")
    mine, there = prove(tmp_path / "after", look, database="postgresql")
    assert mine in there
    assert mine != race
    assert race not in there


def test_a_server_that_does_not_answer_fails_the_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJGUIDE_ORACLE_POSTGRESQL", f"host={tmp_path} dbname=postgres")
    with pytest.raises(proofs.ProofFailed):
        prove(tmp_path, "assert not fixed", database="postgresql")


def test_a_proof_that_needs_a_missing_package(tmp_path: Path) -> None:
    with pytest.raises(proofs.NotInstalled):
        prove(tmp_path, "raise ModuleNotFoundError(\"No module named 'celery'\")")
    with pytest.raises(proofs.ProofFailed):
        prove(tmp_path / "again", "raise ModuleNotFoundError(\"No module named 'shop.view'\")")


def test_interpreters_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJGUIDE_ORACLE_PYTHONS", raising=False)
    assert proofs.interpreters() == [sys.executable]
    monkeypatch.setenv("DJGUIDE_ORACLE_PYTHONS", "/a/python" + proofs.os.pathsep + "/b/python")
    assert proofs.interpreters() == [sys.executable, "/a/python", "/b/python"]
    assert proofs.django_version(sys.executable).count(".") >= 1
