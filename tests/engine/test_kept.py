"""What a run found is used by the next one, and only as far as it still holds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from test_workspace import LINES
from workspaces import EXPECTED, FILES, MODELS, SERVICES, VIEWS, Shop

from djguide_analyzers.engine.checker import Checker

RECEIVER = """\
from django.db.models.signals import post_save
from shop.models import Book


def late():
    pass
"""


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the modules that were checked, in order."""
    names: list[str] = []
    check = Checker.check

    def noted(self: Checker, module, rules):  # type: ignore[no-untyped-def]
        names.append(module.name)
        return check(self, module, rules)

    monkeypatch.setattr(Checker, "check", noted)
    return names


def run(shop: Shop) -> list[str]:
    """What a process of its own finds, which must be what one finds that knows nothing."""
    workspace, scratch = shop.fresh(), shop.fresh(reuse=False)
    one, two = workspace.check(), scratch.check()
    assert one.findings == two.findings
    assert one.projects == two.projects
    assert [(p.kind, p.message, p.place) for p in one.problems] == [
        (p.kind, p.message, p.place) for p in two.problems
    ]
    scratch.close()
    workspace.close()
    return shop.told(one.findings)


def second(shop: Shop, checked: list[str]) -> list[str]:
    """The modules that a second process checks."""
    shop.workspace.close()
    checked.clear()
    workspace = shop.fresh()
    workspace.check()
    workspace.close()
    found = list(checked)
    run(shop)
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    assert shop.check() == EXPECTED
    return shop


def test_nothing_is_checked_again_when_nothing_has_changed(shop: Shop, checked: list[str]) -> None:
    assert second(shop, checked) == []
    again = shop.fresh().check()
    assert shop.told(again.findings) == EXPECTED
    assert again.stats.files_parsed == 0


def test_an_edit_in_a_function_costs_those_that_rest_on_it(shop: Shop, checked: list[str]) -> None:
    shop.write(**{"shop/services.py": SERVICES.replace("book.author.name", "book.title")})
    assert sorted(second(shop, checked)) == ["shop.services", "shop.views"]


def test_an_opened_file_is_made_ready_for_edits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []
    make = Checker._piece  # pyright: ignore[reportPrivateUsage]

    def noted(self: Checker, context, find):  # type: ignore[no-untyped-def]
        pieces.append(context.module.name)
        return make(self, context, find)

    monkeypatch.setattr(Checker, "_piece", noted)
    shop.workspace.close()
    workspace = shop.fresh()
    path = (shop.root / "shop/services.py").as_posix()
    workspace.set_text(path, SERVICES)
    workspace.settle()
    ready, pieces[:] = len(pieces), []
    for read in ("book.title", "book.pk"):
        workspace.set_text(path, SERVICES.replace("book.author.name", read))
        workspace.settle()
    assert set(pieces) >= {"shop.services", "shop.views"}  # the other file as well, after the first edit
    assert pieces.count("shop.services") < ready
    workspace.close()


def test_another_outline_costs_everything(shop: Shop, checked: list[str]) -> None:
    shop.write(**{"shop/models.py": MODELS.replace("FloatField", "IntegerField")})
    assert len(second(shop, checked)) == 7


def test_a_new_file_and_a_deleted_one_are_noticed(shop: Shop, checked: list[str]) -> None:
    shop.write(**{"shop/extra.py": VIEWS})
    assert "shop.extra" in second(shop, checked)
    (shop.root / "shop/extra.py").unlink()
    assert "shop.extra" not in run(shop)


def test_another_configuration_is_noticed(shop: Shop, checked: list[str]) -> None:
    shop.write(**{"pyproject.toml": '[tool.djguide]\nignore = ["len-of-queryset"]\n'})
    assert second(shop, checked)
    assert run(shop) == [line for line in EXPECTED if "len-of" not in line]


def test_an_installed_package_is_noticed(shop: Shop, checked: list[str]) -> None:
    packages = shop.root / ".venv/lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    (shop.root / ".venv/pyvenv.cfg").write_text("version = 3.12.1\n", encoding="utf-8")
    assert second(shop, checked)
    (packages / "django").mkdir()
    assert second(shop, checked)


def test_results_for_other_settings_of_the_client_are_others(shop: Shop) -> None:
    shop.workspace.close()
    other = Shop(shop.root, cache=shop.cache, settings={"select": ["money-stored-as-float"]})
    assert other.check() == EXPECTED[:1]
    assert shop.check(shop.fresh()) == EXPECTED


def test_an_answer_where_there_was_none_is_noticed(tmp_path: Path, checked: list[str]) -> None:
    """What receivers there are is asked about all files, by rules that look at others."""
    loop = "from shop.models import Book\n\n\ndef add(names):\n    for name in names:\n"
    loop += "        Book.objects.create(title=name, price=1, author_id=1)\n"
    files = {
        **FILES,
        "shop/add.py": loop,
        "shop/receivers.py": RECEIVER + "\n\ndef told(**kwargs):\n    pass\n",
    }
    shop = Shop(tmp_path / "shop", files)
    shop.check()
    body = RECEIVER.replace("    pass\n", "    post_save.connect(told, sender=Book)\n")
    shop.write(**{"shop/receivers.py": body + "\n\ndef told(**kwargs):\n    pass\n"})
    assert "shop.add" in second(shop, checked)


def test_unsaved_texts_count_as_they_are(shop: Shop) -> None:
    shop.edit("shop/views.py", VIEWS.replace("len(Book.objects.all())", "Book.objects.count()"))
    assert shop.check() != EXPECTED
    shop.workspace.close()
    assert run(shop) == EXPECTED


def test_what_is_damaged_in_the_cache_is_found_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.workspace.close()
    monkeypatch.setattr("djguide_analyzers.engine.store.FactsStore.kept", lambda self, key: b"\xc1damaged")
    assert shop.check(shop.fresh()) == EXPECTED


@pytest.mark.parametrize("seed", range(4))
def test_runs_between_edits_find_what_a_first_run_finds(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    shop = Shop(tmp_path / "shop")
    shop.check()
    shop.workspace.close()
    for _ in range(8):
        name = rng.choice([name for name in FILES if name.endswith(("s.py", "t.py"))])
        lines = (shop.root / name).read_text(encoding="utf-8").split("\n")
        at = rng.randrange(len(lines))
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines.insert(at, indent + rng.choice(LINES).strip())
        if rng.random() < 0.3:
            lines = FILES[name].split("\n")
        shop.write(**{name: "\n".join(lines)})
        run(shop)


def test_edits_after_a_kept_report_count(shop: Shop) -> None:
    shop.workspace.close()
    shop.workspace = shop.fresh()
    assert shop.check() == EXPECTED
    shop.edit("shop/services.py", SERVICES.replace("book.author.name", "book.title"))
    assert shop.check() == EXPECTED[:2]
    shop.workspace.close()
    shop.workspace = shop.fresh()
    shop.check()
    shop.edit("shop/models.py", MODELS.replace("FloatField", "IntegerField"))
    assert shop.check() == EXPECTED[1:]
    shop.workspace.close()
    shop.workspace = shop.fresh()
    shop.check()
    shop.change("shop/services.py", None)
    assert shop.check() == EXPECTED[:2]


def test_a_session_begins_with_what_the_last_one_found(shop: Shop) -> None:
    shop.cache = shop.cache / "of an editor"
    path = shop.path("shop/services.py")
    session = shop.fresh()
    session.settle()
    assert shop.told(session.findings(path)) == EXPECTED[2:]
    session.close()
    session = shop.fresh()
    session.set_text(path, SERVICES)
    assert shop.told(session.findings(path)) == EXPECTED[2:]
    assert not session.linked()
    session.set_text(path, SERVICES.replace("book.author.name", "book.title"))
    assert session.findings(path) == []
    assert session.linked()
    session.set_text(path, SERVICES)
    session.settle()
    assert shop.told(session.findings(path)) == EXPECTED[2:]
    session.close()


def test_unsaved_texts_of_the_last_session_are_not_what_it_found(shop: Shop) -> None:
    shop.cache = shop.cache / "of an editor"
    path = shop.path("shop/services.py")
    session = shop.fresh()
    session.set_text(path, SERVICES.replace("book.author.name", "book.title"))
    session.settle()
    assert session.findings(path) == []
    session.close()
    session = shop.fresh()
    session.set_text(path, SERVICES)
    session.settle()
    assert shop.told(session.findings(path)) == EXPECTED[2:]
    session.close()


def test_only_what_rests_on_an_unsaved_text_is_checked_again(shop: Shop, checked: list[str]) -> None:
    path = shop.path("shop/services.py")
    session = shop.fresh()
    for read in (
        "book.author.name",
        "book.pk",
        "book.title",
    ):  # from the second edit on, only statements are read
        session.set_text(path, SERVICES.replace("book.author.name", read))
        session.settle()
    session.close()
    checked.clear()
    session = shop.fresh()
    session.settle()
    session.close()
    assert sorted(checked) == ["shop.services", "shop.views"]
