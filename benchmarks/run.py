"""Measure djguide on a project beside its peers: ``python benchmarks/run.py PROJECT``.

Needs Linux, and djguide installed for the Python that runs it. The peers (ty, basedpyright, ruff, and a server
made with pygls that only parses) are installed from the package index into an environment of their own. All of them
are measured in the same run, so that ratios hold on a busy machine as well. The project is copied first; nothing of
it is run.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from measures import FEW_APPS, FLOOR, OWN, TYPES, Measures

_PEERS = ("ty", "basedpyright", "ruff", "pygls")
_PARTS = ("starting", "typing", "checking", "growing")


def installed(folder: Path) -> Path:
    """The folder with the peers' programs, in an environment made at `folder` unless there is one."""
    programs = folder / "bin"
    if not all((programs / name).exists() for name in ("ty", "ruff", "basedpyright-langserver")):
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *_PEERS], check=True)
    return programs


def servers(programs: Path) -> dict[str, list[str]]:
    """How to start each server, by its name."""
    floor = Path(__file__).with_name("pygls_floor.py")
    return {
        OWN: [sys.executable, "-m", "djguide_server", "server", "--stdio"],
        TYPES: [str(programs / "ty"), "server"],
        FLOOR: [str(programs / "python"), str(floor)],
        "basedpyright": [str(programs / "basedpyright-langserver"), "--stdio"],
        "ruff": [str(programs / "ruff"), "server"],
    }


def head(name: str, runs: int) -> str:
    """What is measured on, and the head of the table, in Markdown."""
    today = datetime.datetime.now(datetime.UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"{name}, medians of {runs}, {today}, {machine}:\n\n| measure | djguide | bar |\n|---|---|---|"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path, help="folder of a Django project")
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--keystrokes", type=int, default=60, help="in each session (default: 60)")
    parser.add_argument(
        "--apps", type=int, default=500, help="of the larger generated project (default: 500)"
    )
    parser.add_argument("--only", choices=_PARTS, action="append", help="measure just this; may be repeated")
    parser.add_argument(
        "--without", choices=("basedpyright", "ruff"), action="append", default=[], help="a peer"
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "djguide-benchmarks"
    parser.add_argument("--environment", type=Path, default=cache, help=f"of the peers (default: {cache})")
    given = parser.parse_args()
    if not given.project.is_dir():
        parser.error(f"there is no folder {given.project}")
    if given.runs < 1 or given.keystrokes < 1 or given.apps <= FEW_APPS:
        parser.error(f"--runs and --keystrokes must be 1 or more, --apps more than {FEW_APPS}")
    return given


def main() -> None:
    """Measure what the command line asks for, and print a table as it comes."""
    given = _arguments()
    started = servers(installed(given.environment.resolve()))
    for name in given.without:
        del started[name]
    root = given.project.resolve()
    with tempfile.TemporaryDirectory(prefix="djguide-benchmark-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch, root.name)
        shutil.copytree(root, copy, symlinks=True)
        measures = Measures(copy, Path(scratch), started, given.runs, given.keystrokes, given.apps)
        print(head(root.name, given.runs), flush=True)
        for part in given.only or _PARTS:
            for row in getattr(measures, part)():
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
