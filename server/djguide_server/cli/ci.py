"""What is to be known of services for continuous integration, and what reports for them have in common."""

from __future__ import annotations

import os
from pathlib import Path

from djguide_analyzers.project.files import is_inside
from djguide_analyzers.rules.finding import Finding
from djguide_server.cli.targets import Targets

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Environment variables in which services name the folder they checked out."""


def is_ci() -> bool:
    """Whether a service for continuous integration runs this: nobody commits what is written there."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def repository_path(path: str, targets: Targets) -> str:
    """The absolute POSIX `path` as services expect it: relative to their checkout if there is one.

    A job may well run djguide in a subfolder of the repository.
    """
    for variable in _CHECKOUTS:
        if value := os.environ.get(variable):
            root = Path(value).resolve().as_posix()
            if path != root and is_inside(path, root):
                return path[len(root) :].lstrip("/")
    return targets.display(path)


def in_words(finding: Finding, targets: Targets) -> str:
    """The message of `finding` with its evidence and its fixes, one line each, for where only text is shown."""
    lines = [finding.message]
    for message, (path, range_) in finding.related:
        lines.append(f"{repository_path(path, targets)}:{range_.start.line + 1}: {message}")
    lines += [f"fix ({fix.safety.value}): {fix.title}" for fix in finding.fixes]
    return "\n".join(lines)
