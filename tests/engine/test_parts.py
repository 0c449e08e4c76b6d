"""A check in several processes finds what one process finds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from workspaces import EXPECTED, FILES, Shop

from djguide_analyzers.engine import parts
from djguide_analyzers.engine.workspace import Cancelled, Workspace


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(parts, "FEWEST", 2)
    monkeypatch.setattr(parts, "_SIZE", 2)
    return Shop(tmp_path / "shop")


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def die(*_: object) -> bytes:
    os._exit(3)


class Dying(ProcessPoolExecutor):
    """The second job kills the process that does it."""

    jobs = 0

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.jobs += 1
        return super().submit(die if self.jobs == 2 else fn, *args, **kwargs)


class Never(Executor):
    """Takes jobs and does none of them."""

    def __init__(self) -> None:
        self.futures: list[Future[object]] = []

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.futures.append(Future())
        return self.futures[-1]


def with_processes(shop: Shop, executor: Executor) -> Workspace:
    """The workspace of `shop`, made anew."""
    shop.workspace = Workspace([shop.root], cache=shop.cache, executor=executor)
    return shop.workspace


def test_processes_find_what_one_finds(shop: Shop, processes: Executor) -> None:
    found = with_processes(shop, processes).check()
    assert shop.told(found.findings) == EXPECTED
    alone = shop.fresh(reuse=False).check()
    assert alone.findings == found.findings
    assert alone.problems == found.problems


def test_unsaved_texts_are_known_in_all_processes(shop: Shop, processes: Executor) -> None:
    with_processes(shop, processes)
    shop.edit("shop/services.py", FILES["shop/services.py"].replace("book.author.name", "book.title"))
    found = shop.workspace.check()
    assert shop.told(found.findings) == EXPECTED[:2]


def test_processes_see_what_has_changed_on_the_disk(shop: Shop, processes: Executor) -> None:
    with_processes(shop, processes).check()
    shop.change("shop/services.py", FILES["shop/services.py"].replace("book.author.name", "book.title"))
    assert shop.check() == EXPECTED[:2]


def test_edits_after_a_check_in_processes_reach_what_rests_on_them(shop: Shop, processes: Executor) -> None:
    with_processes(shop, processes).check()
    shop.edit("shop/services.py", FILES["shop/services.py"].replace("book.author.name", "book.title"))
    assert shop.check() == EXPECTED[:2]


def test_what_processes_found_is_kept_for_the_next_run(shop: Shop, processes: Executor) -> None:
    with_processes(shop, processes).check()
    shop.workspace.close()
    again = shop.fresh().check()
    assert shop.told(again.findings) == EXPECTED
    assert again.stats.phases == {}


def test_the_work_of_a_process_that_dies_is_done_by_the_others(shop: Shop) -> None:
    with Dying(1, mp_context=get_context("spawn")) as executor:
        found = with_processes(shop, executor).check()
    assert shop.told(found.findings) == EXPECTED


def test_small_projects_stay_in_one_process(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FEWEST", 100)
    executor = Never()
    assert shop.told(with_processes(shop, executor).check().findings) == EXPECTED
    assert executor.futures == []


def test_a_cancelled_check_begins_no_more(shop: Shop) -> None:
    started: list[str] = []

    def cancelled() -> bool:
        return bool(started)

    def progress(phase: str, done: int, total: int) -> None:
        if phase == "checking":
            started.append(phase)

    with ThreadPoolExecutor(1) as executor, pytest.raises(Cancelled):
        with_processes(shop, executor).check(progress=progress, cancelled=cancelled)
    assert shop.check(shop.fresh()) == EXPECTED
