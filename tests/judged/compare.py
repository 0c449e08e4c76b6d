"""Compare the findings of a run on a real project with what reading them showed.

    python tests/judged/compare.py PROJECT FINDINGS.json

PROJECT is one of the lists beside this file; FINDINGS.json is what `djguide check --output-format json` wrote in a
checkout of the version that the list names. Exit status: 0 in order, 1 something judged wrong is found, 2 bad
input. See README.md.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

JUDGED = Path(__file__).parent
VERDICTS = ("right", "debatable", "wrong")
ENTRY = {"path": str, "line": int, "code": str, "verdict": str, "reason": str}

Place = tuple[str, int, str]
"""Path from the root of the checkout, 1-based line, code of the rule."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside the verdicts. Each place is counted once, however many findings begin there."""

    project: str
    version: str
    kept: dict[str, list[Place]]
    """What was judged and is still found, by verdict."""

    gone: dict[str, list[Place]]
    """What was judged and is found no more, by verdict."""

    unread: list[Place]
    """What is found and was never judged."""

    reasons: dict[Place, str]

    @property
    def failed(self) -> bool:
        """Whether something judged wrong is found."""
        return bool(self.kept["wrong"])

    def lines(self) -> list[str]:
        """What there is to say, one line each: failures first, figures last."""
        said = [f"WRONG AGAIN  {self._told(place)}" for place in self.kept["wrong"]]
        said += [f"right, gone  {self._told(place)}" for place in self.gone["right"]]
        said += [f"{self.project} {self.version}: {_counted(self.kept)} of what was judged is found"]
        said += [f"found no more: {_counted(self.gone)}; never judged: {len(self.unread)}"]
        if rate := _rate(self.kept):
            said.append(f"right of the judged ones that are found: {rate}")
        return said

    def _told(self, place: Place) -> str:
        path, line, code = place
        return f"{path}:{line} {code}: {self.reasons[place]}"


def compare(judged: dict[str, Any], findings: list[dict[str, Any]]) -> Comparison:
    """`judged` is the content of a list of verdicts, `findings` those of a run. Raises ValueError on a bad list."""
    verdicts = {place: entry for entry in judged["findings"] for place in [_checked(entry)]}
    if len(verdicts) < len(judged["findings"]):
        twice, _ = Counter(_checked(entry) for entry in judged["findings"]).most_common(1)[0]
        raise ValueError(f"judged twice: {twice}")
    found = {(each["path"], each["range"]["start"]["line"], each["code"]) for each in findings}
    kept: dict[str, list[Place]] = {verdict: [] for verdict in VERDICTS}
    gone: dict[str, list[Place]] = {verdict: [] for verdict in VERDICTS}
    for place, entry in sorted(verdicts.items()):
        (kept if place in found else gone)[entry["verdict"]].append(place)
    reasons = {place: entry["reason"] for place, entry in verdicts.items()}
    return Comparison(
        judged["project"], judged["version"], kept, gone, sorted(found - verdicts.keys()), reasons
    )


def _checked(entry: dict[str, Any]) -> Place:
    """The place an entry is about; raises ValueError unless the entry has the shape that README.md gives."""
    if entry.keys() != ENTRY.keys() or not all(isinstance(entry[key], kind) for key, kind in ENTRY.items()):
        raise ValueError(f"an entry has {', '.join(ENTRY)}; this one is {entry}")
    if entry["verdict"] not in VERDICTS or not entry["reason"]:
        raise ValueError(f"an entry needs a reason and one verdict of {', '.join(VERDICTS)}: {entry}")
    return entry["path"], entry["line"], entry["code"]


def _counted(places: dict[str, list[Place]]) -> str:
    return ", ".join(f"{len(places[verdict])} {verdict}" for verdict in VERDICTS)


def _rate(kept: dict[str, list[Place]]) -> str:
    total = sum(len(places) for places in kept.values())
    return f"{len(kept['right'])} of {total}, {len(kept['right']) / total:.0%}" if total else ""


def main() -> int:
    known = sorted(path.stem for path in JUDGED.glob("*.json"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", choices=known, metavar="PROJECT", help=f"one of {', '.join(known)}")
    parser.add_argument("findings", type=Path, metavar="FINDINGS.json")
    options = parser.parse_args()

    def fail(message: str) -> NoReturn:
        parser.error(message)

    try:
        findings = json.loads(options.findings.read_text(encoding="utf-8"))["findings"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        fail(f"{options.findings} is not the JSON of a run: {error}")
    try:
        judged = json.loads((JUDGED / f"{options.project}.json").read_text(encoding="utf-8"))
        result = compare(judged, findings)
    except (ValueError, TypeError, KeyError) as error:
        fail(f"{options.project}.json: {error}")
    print("\n".join(result.lines()))
    return 1 if result.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
