"""What part a file plays in its project, by the conventions of where it lies."""

from __future__ import annotations

import re

_TEST_FOLDER = re.compile(r"tests?|testing|tests?_?(apps?|project|utils?|helpers|support|site)")
"""Whole names: an app called ``testcases`` or ``test_runs`` may well be about tests of something else."""
_TEST_FILES = frozenset({"tests.py", "conftest.py"})


def is_test(relative_path: str) -> bool:
    """Whether the file at `relative_path` (POSIX, from the project's folder) is test code."""
    *folders, name = relative_path.split("/")
    if name in _TEST_FILES or name.startswith("test_") or name.endswith("_test.py"):
        return True
    return any(_TEST_FOLDER.fullmatch(folder) for folder in folders)
