"""Fixtures for the language server's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client

sys.path.append(str(Path(__file__).parent.parent))  # for what tests of all parts share


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """Starts servers, ends them after the test, and insists that they wrote nothing on stderr."""
    clients: list[Client] = []

    def start_one(*args: Any, **options: Any) -> Client:
        clients.append(Client(*args, **options))
        return clients[-1]

    yield start_one
    for client in clients:
        client.kill()
    assert [client.errors for client in clients] == [b""] * len(clients)


@pytest.fixture
def client(start: Callable[..., Client]) -> Client:
    """A server that was just started."""
    return start()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The folder of a small Django project."""
    from shop_project import write_project

    return write_project(tmp_path)


@pytest.fixture(scope="session")
def facts_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder for all tests, so that Django is read once."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def start_shop(start: Callable[..., Client], shop: Path, facts_cache: str) -> Callable[..., Client]:
    """Starts the real server on that project; takes the client's capabilities."""

    def start_one(capabilities: Any = None) -> Client:
        command = [sys.executable, "-m", "djguide_server.lsp"]
        client = start(command, environment={"XDG_CACHE_HOME": facts_cache})
        client.initialize(shop, capabilities)
        return client

    return start_one
