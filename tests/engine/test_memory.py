"""Memory stays flat however long somebody types."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

from workspaces import SERVICES, VIEWS, Shop

_WORD = "value = request.user"


def _type(shop: Shop, edits: int) -> None:
    """Type into a function, time and again, and now and then change what other files see."""
    for number in range(edits):
        typed = _WORD[: number % len(_WORD)]
        shop.edit("shop/views.py", VIEWS.replace("    return names", f"    {typed}\n    return names"))
        if number % 20 == 0:
            shop.edit("shop/services.py", f"{SERVICES}\n\ndef more{number % 40}():\n    return 1\n")
        shop.workspace.findings(shop.path("shop/views.py"))
        if number % 5 == 0:
            shop.workspace.settle()


def _used() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_memory_stays_flat_over_edits(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    _type(shop, 40)
    tracemalloc.start()
    try:
        _type(shop, 40)  # what is made anew from now on is counted from its start
        before = _used()
        _type(shop, 160)
        grown = _used() - before
    finally:
        tracemalloc.stop()
        shop.workspace.close()
    assert grown < 160 * 400, "an edit leaves something behind"
