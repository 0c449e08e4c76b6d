"""The order in which pages are tested."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Test page by page, instead of test by test, so that a page's projects are opened once and then let go."""
    places = [number for number, item in enumerate(items) if _page(item)]
    by_page = sorted((items[number] for number in places), key=_page)
    for number, item in zip(places, by_page, strict=True):
        items[number] = item


def _page(item: pytest.Item) -> str:
    """The code of the rule whose page `item` tests; empty for other tests."""
    if not isinstance(item, pytest.Function) or item.path.name != "test_pages.py":
        return ""
    callspec = getattr(item, "callspec", None)
    code = callspec.params.get("code") if callspec is not None else None
    return code if isinstance(code, str) else ""
