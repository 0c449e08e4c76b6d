"""What a rule returns: findings with their evidence and fixes, as plain values."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct, field

from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"


class Confidence(StrEnum):
    """How sure a finding is; only proven ones are shown by default."""

    PROVEN = "proven"
    LIKELY = "likely"


class Safety(StrEnum):
    """What a fix may change: nothing (`SAFE`), something worth a look (`REVIEW`), or it is advice (`MANUAL`)."""

    SAFE = "safe"
    REVIEW = "review"
    MANUAL = "manual"


class Place(NamedTuple):
    """A range in a file; `path` is absolute, in POSIX form."""

    path: str
    range: Range


class Related(NamedTuple):
    """One step of the evidence."""

    message: str
    place: Place


class Fix(Struct, frozen=True):
    """One way to repair a finding. `edits` is empty exactly for `Safety.MANUAL`; all apply together."""

    title: str
    safety: Safety
    edits: tuple[Edit, ...] = ()


class Finding(Struct, frozen=True):
    """One message. `place` is its owner, where the fix goes; `access` is the other end, when it has one.

    A finding with two ends in one file stands at the access; with ends in two files, editors show it at both
    and the command line prints it once, at the owner. `data` is the machine-readable part of the contract.

    The engine adds, where a front end needs them, the `fingerprint` that the finding is recognised by and whether
    the baseline holds it (`known`).
    """

    code: str
    practice: str
    severity: Severity
    confidence: Confidence
    message: str
    place: Place
    access: Place | None = None
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    known: bool = False
