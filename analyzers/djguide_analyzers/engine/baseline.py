"""The baseline: findings that a project has accepted, so that only new ones are told.

It holds fingerprints, not line numbers (see `fingerprints`), and how often each may occur. Here it is read and
compared; front ends write it: it grows when somebody asks for that, and loses what no longer occurs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from djguide_analyzers.engine.fingerprints import Identity, without_number
from djguide_analyzers.rules.finding import Finding

VERSION = 1
DEFAULT_NAME = "djguide-baseline.json"
"""Looked for beside the configuration when that names no baseline."""

NEVER = frozenset({"invalid-configuration"})
"""Codes that no baseline accepts: whatever they hide is worse than what they say."""


class Entry(Struct, frozen=True, order=True):
    """Findings that nothing tells apart, and how many of them are accepted (see `Identity`)."""

    path: str
    code: str
    definition: str
    about: str
    fingerprint: str
    count: int = 1


class InvalidBaseline(Exception):
    """The file is no baseline; the message says why."""


class Compared(Struct):
    """Findings against a baseline: those it does not hold, those it does, and the entries left over.

    The `count` of an entry in `gone` is how many of its findings no longer occur.
    """

    new: list[Finding]
    known: list[Finding]
    gone: list[Entry]


class Baseline(Struct):
    """The entries of one file; `path` is absolute."""

    path: Path
    entries: tuple[Entry, ...] = ()

    def compare(self, findings: Iterable[Finding]) -> Compared:
        """Compare all findings of a folder; they have fingerprints and are in order of place."""
        left = Counter({entry.fingerprint: entry.count for entry in self.entries})
        result = Compared([], [], [])
        for finding in findings:
            fingerprint = without_number(finding.fingerprint)
            if left[fingerprint] > 0 and finding.code not in NEVER:
                left[fingerprint] -= 1
                result.known.append(structs.replace(finding, known=True))
            else:
                result.new.append(finding)
        for entry in self.entries:
            if left[entry.fingerprint] > 0:
                result.gone.append(structs.replace(entry, count=left[entry.fingerprint]))
        return result

    def follow_renames(
        self,
        compared: Compared,
        exists: Callable[[str], bool],
        fingerprint_as: Callable[[Finding, str], str],
    ) -> None:
        """Take findings for known that have an entry under a path where there is no file any more.

        `exists` tells of a path of an entry whether there is; `fingerprint_as` gives the fingerprint that a finding
        had if its file was called so. `compared` is brought up to date.
        """
        there: dict[str, bool] = {}
        gone: list[Entry] = []
        for entry in compared.gone:
            alike = [finding for finding in compared.new if finding.code == entry.code]
            if alike and entry.path not in there:
                there[entry.path] = exists(entry.path)
            left = entry.count
            for finding in alike if not there.get(entry.path, True) else ():
                if left and fingerprint_as(finding, entry.path) == entry.fingerprint:
                    left -= 1
                    compared.new.remove(finding)
                    compared.known.append(structs.replace(finding, known=True))
            if left:
                gone.append(structs.replace(entry, count=left))
        compared.gone = gone

    def without(self, gone: Sequence[Entry]) -> Baseline:
        """This baseline without what no longer occurs."""
        fewer = {entry.fingerprint: entry.count for entry in gone}
        kept = [
            structs.replace(entry, count=entry.count - fewer.get(entry.fingerprint, 0))
            for entry in self.entries
        ]
        return Baseline(self.path, tuple(entry for entry in kept if entry.count > 0))


def made_of(path: Path, identities: Iterable[Identity]) -> Baseline:
    """A baseline that accepts the findings with these identities."""
    counted = Counter(identity for identity in identities if identity.code not in NEVER)
    entries = (
        Entry(i.path, i.code, i.definition, i.about, i.fingerprint, count) for i, count in counted.items()
    )
    return Baseline(path, tuple(sorted(_merged(entries))))


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for each fingerprint: `about` is layout, and layout tells no findings apart."""
    merged: dict[str, Entry] = {}
    for entry in sorted(entries):
        known = merged.get(entry.fingerprint)
        count = entry.count + (known.count if known else 0)
        merged[entry.fingerprint] = structs.replace(known or entry, count=count)
    return list(merged.values())


def load(path: Path, read: Callable[[Path], str | None]) -> Baseline | None:
    """The baseline at `path`; None when there is no such file.

    Raises:
        InvalidBaseline: what stands there cannot be used.
    """
    text = read(path)
    if text is None:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        conflict = " (it has the marks of a merge conflict)" if "\n<<<<<<< " in f"\n{text}" else ""
        raise InvalidBaseline(f"{path.name} is not JSON{conflict}: {error}") from error
    if not isinstance(document, dict) or "version" not in document:
        raise InvalidBaseline(f"{path.name} is not a baseline: it has no version")
    if document["version"] != VERSION:
        raise InvalidBaseline(
            f"{path.name} has version {document['version']!r}, this djguide reads version {VERSION}"
        )
    try:
        entries = msgspec.convert(document.get("findings", []), tuple[Entry, ...])
    except msgspec.ValidationError as error:
        raise InvalidBaseline(f"{path.name} is not a baseline: {error}") from error
    return Baseline(path, tuple(_merged(entries)))


def dumps(baseline: Baseline) -> str:
    """The text of the file: one entry a line, in order, so that changes are read and merged line by line."""
    lines = [json.dumps(_row(entry), ensure_ascii=False) for entry in sorted(baseline.entries)]
    findings = ",\n".join(f"    {line}" for line in lines)
    body = f"[\n{findings}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {body}\n}}\n'


def _row(entry: Entry) -> dict[str, Any]:
    row = structs.asdict(entry)
    if entry.count == 1:
        del row["count"]
    return row
