"""Fixtures for the language server's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client

sys.path.append(str(Path(__file__).parent.parent))  # for what all trust tests share


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
