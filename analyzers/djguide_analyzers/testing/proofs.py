"""Running the proofs of pages on real Django, each in a process of its own.

What a proof can use besides Django and its project is in `proof_process`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from djguide_analyzers.testing import projects, warm
from djguide_analyzers.testing.pages import Proof

_VARIABLE = "DJGUIDE_ORACLE_PYTHONS"
_SERVER = "DJGUIDE_ORACLE_POSTGRESQL"
_SECONDS = 60


class ProofFailed(AssertionError):
    """A proof raised; the message is its traceback."""


class NotInstalled(Exception):
    """The interpreter lacks a package that the proof needs."""


def interpreters() -> list[str]:
    """The Pythons to prove with: the running one, and those that the environment variable adds."""
    added = [path for path in os.environ.get(_VARIABLE, "").split(os.pathsep) if path]
    return [sys.executable, *added]


def postgresql() -> str:
    """Connection string of the PostgreSQL server to prove with; empty where the environment names none."""
    return os.environ.get(_SERVER, "")


@cache
def django_version(python: str) -> str:
    """Version of the Django that the interpreter `python` has."""
    command = [python, "-I", "-c", "import django; print(django.__version__)"]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=_SECONDS
    ).stdout.strip()


def run_proof(
    python: str,
    folder: Path,
    files: Mapping[str, str],
    proof: Proof,
    page: Path,
    *,
    fixed: bool,
    database: str = "sqlite",
) -> list[str]:
    """Run `proof` on the project with `files`, unpacked into the new folder `folder`.

    `database` is one of `pages.DATABASES`; PostgreSQL needs the server of `postgresql`.

    Returns what the proof says must be the same before and after the fixes.

    Raises:
        ProofFailed: it raised.
        NotInstalled: a package is missing.
    """
    projects.write(folder / "project", files)
    code = folder / "proof.json"
    task = {"page": str(page), "line": proof.line, "text": proof.text, "fixed": fixed}
    task["server"] = postgresql() if database == "postgresql" else ""
    code.write_text(json.dumps(task), encoding="utf-8")
    answer = folder / "answer.json"
    arguments = [str(folder / "project"), str(code), str(answer)]
    done = warm.run(python, folder, arguments, seconds=_SECONDS)
    if done.status:
        missing = "ModuleNotFoundError: No module named "
        last = done.errors.rstrip().rpartition("\n")[2]
        if last.startswith(missing) and last.removeprefix(missing).strip("'") in ("celery", "rest_framework"):
            raise NotInstalled(last)
        raise ProofFailed(f"{'fixed' if fixed else 'bad'} version\n{done.output}{done.errors}")
    return json.loads(answer.read_text(encoding="utf-8"))
