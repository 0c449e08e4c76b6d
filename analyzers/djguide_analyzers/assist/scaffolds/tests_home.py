"""Where an application's tests are, and what they derive from."""

from __future__ import annotations

import posixpath

from djguide_analyzers.assist.scaffolds.conventions import own_classes, usual_base
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.roles import is_test

_TEST_CASE = "django.test.testcases.TestCase"
_SIMPLE = "django.test.testcases.SimpleTestCase"


def tests_path(subject: Subject, about: str) -> str:
    """The file for tests about something, such as ``services``: where the tests of the application are."""
    root = subject.project.root
    paths = sorted({cls.module.path for cls in own_classes(subject.project, _SIMPLE)})
    paths = [path for path in paths if is_test(path[len(root) + 1 :])]
    own = [path for path in paths if is_inside(path, subject.folder)]
    if own:
        # Other folders have tests of a part of the application.
        whole = [path for path in own if path.startswith(f"{subject.folder}/tests")]
        return _beside((whole or own)[0], f"test_{about}.py")
    outside = [path for path in paths if is_inside(path, f"{root}/tests")]
    if outside and len(outside) == len(paths):
        app = posixpath.basename(subject.folder)
        if all(posixpath.dirname(path) == f"{root}/tests" for path in outside):
            return f"{root}/tests/test_{app}_{about}.py"
        return f"{root}/tests/{app}/test_{about}.py"
    if subject.source.read(f"{subject.folder}/tests/__init__.py") is not None:
        return f"{subject.folder}/tests/test_{about}.py"
    if paths and all(posixpath.basename(posixpath.dirname(path)) == "tests" for path in paths):
        return f"{subject.folder}/tests/test_{about}.py"
    return f"{subject.folder}/tests.py"


def _beside(path: str, name: str) -> str:
    return path if posixpath.basename(path) == "tests.py" else posixpath.join(posixpath.dirname(path), name)


def test_base(subject: Subject) -> tuple[str, str]:
    """Module and name of the class that the project's tests derive from."""
    return usual_base(subject.project, own_classes(subject.project, _TEST_CASE), ("django.test", "TestCase"))
