"""Check what a wheel contains, and that it works when installed by itself."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def contents(wheel: Path) -> list[str]:
    """Problems with the files in the wheel."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    problems = [
        f"unexpected top-level {top}" for top in sorted(tops - {"djguide_server", "djguide_analyzers"})
    ]
    rules = ROOT / "analyzers" / "djguide_analyzers" / "rules"
    for source in rules.glob("*/*.py"):
        for file in (source, source.with_suffix(".md")):
            inside = file.relative_to(ROOT / "analyzers").as_posix()
            if file.exists() and inside not in names:
                problems.append(f"missing {inside}")
    return problems


def works(wheel: Path) -> list[str]:
    """Problems when the wheel is installed alone in a fresh environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "-q", str(wheel)], check=True)
        shop = ROOT / "tests" / "projects" / "shop"
        command = [Path(folder, "bin", "djguide"), "check", str(shop), "--output-format", "json"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        if result.returncode != 1 or '"findings"' not in result.stdout:
            return [f"installed djguide exits with {result.returncode}: {result.stderr[-400:]}"]
    return []


def main() -> int:
    wheel = Path(sys.argv[1])
    problems = contents(wheel) + works(wheel)
    for problem in problems:
        print(problem)
    print(f"{wheel.name}: {'not ' if problems else ''}ready")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
