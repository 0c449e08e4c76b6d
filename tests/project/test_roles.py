"""Which files are test code."""

from __future__ import annotations

import pytest

from djguide_analyzers.project.roles import is_test


@pytest.mark.parametrize(
    "path",
    [
        "tests.py",
        "shop/tests.py",
        "shop/test_views.py",
        "shop/views_test.py",
        "shop/conftest.py",
        "shop/tests/factories.py",
        "cms/test_utils/project/models.py",
        "testproject/settings.py",
        "test_app/models.py",
    ],
)
def test_test_code(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize(
    "path",
    ["shop/models.py", "contest.py", "testcases/models.py", "test_runs/views.py", "testimonials/urls.py"],
)
def test_other_code(path: str) -> None:
    assert not is_test(path)
