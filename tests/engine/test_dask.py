"""A check on a Dask cluster finds what one process finds, also when a worker dies on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workspaces import EXPECTED, Shop

from djguide_analyzers.engine import parts
from djguide_analyzers.engine.workspace import Workspace

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of two processes on this machine."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(parts, "FEWEST", 2)
    monkeypatch.setattr(parts, "_SIZE", 1)
    return Shop(tmp_path / "shop")


class KillsOne:
    """A progress that ends one of the workers, for good, as soon as something has come back in a phase."""

    def __init__(self, client: Any, phase: str) -> None:
        self._client = client
        self._phase = phase
        self.killed: int | None = None

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase == self._phase and done and self.killed is None:
            self.killed = next(iter(self._client.run(os.getpid).values()))
            os.kill(self.killed, signal.SIGKILL)


def on_cluster(shop: Shop, client: Any, cache: Path | None = None) -> Workspace:
    executor = client.get_executor(pure=False)
    return Workspace([shop.root], cache=cache or shop.cache, executor=executor, shared_cache=True)


def test_the_cluster_finds_what_one_process_finds(shop: Shop, client: Any) -> None:
    found = on_cluster(shop, client).check()
    alone = shop.fresh(reuse=False).check()
    assert shop.told(found.findings) == EXPECTED
    assert found.findings == alone.findings
    assert found.problems == alone.problems


@pytest.mark.parametrize("phase", ["reading", "checking"])
def test_a_worker_that_dies_half_way_costs_no_finding(
    shop: Shop, client: Any, phase: str, tmp_path: Path
) -> None:
    kills = KillsOne(client, phase)
    workspace = on_cluster(shop, client, tmp_path / f"cache-{phase}")
    found = workspace.check(progress=kills)
    assert kills.killed is not None
    assert shop.told(found.findings) == EXPECTED
    assert found.findings == shop.fresh(reuse=False).check().findings


def test_facts_that_workers_made_are_not_made_again(shop: Shop, client: Any, tmp_path: Path) -> None:
    found = on_cluster(shop, client, tmp_path / "shared").check()
    own = len(list(shop.root.rglob("*.py")))
    assert found.stats.files_from_cache >= own


def test_the_command_line(shop: Shop, client: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from djguide_server.cli import app

    arguments = ["check", str(shop.root), "--output-format", "concise", "--shared-cache", str(tmp_path / "c")]
    assert app.run([*arguments, "--dask", client.scheduler.address]) == 1
    on_dask = capfd.readouterr().out
    assert app.run(["check", str(shop.root), "--output-format", "concise", "--no-cache"]) == 1
    assert capfd.readouterr().out == on_dask


def test_a_scheduler_that_is_not_there(
    shop: Shop, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    from djguide_server.cli import app, engine

    monkeypatch.setattr(engine, "_PATIENCE", "1s")
    assert app.run(["check", str(shop.root), "--dask", "tcp://127.0.0.1:9"]) == 2
    assert "There is no scheduler at tcp://127.0.0.1:9" in capfd.readouterr().err
