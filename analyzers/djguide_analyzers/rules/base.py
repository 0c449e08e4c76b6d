"""The shape of a rule.

A rule is a module ``rules/<practice>/<code_with_underscores>.py`` that defines `RULE` and ``check_scope(file,
scope)``, with its page ``<code_with_underscores>.md`` beside it. The folder is the registry (see `registry`).
``check_scope`` is called for the top level and each function of a file, and after an edit only for those that it
concerns; ``check_trace(file, trace)`` the same for each trace, those of what frameworks do with classes among them.
A rule that looks at a file in another way defines ``check(file)``. Instead, or besides, it may define
``check_template(template)``, or ``collect(file)`` with ``conclude(project, collected)`` for what only the whole
project tells.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from djguide_analyzers.rules.finding import Confidence, Fix, Place, Related, Safety, Severity


class Rule(Struct, frozen=True):
    """What is known of a rule without running it.

    Attributes:
        summary: One sentence for lists, without a full stop.
        severity: Default severity of its findings.
        safety: Class of its usual fix; None when it has none.
        default: Whether it runs without being selected.
        tag: ``unnecessary`` when what its findings mark can go, ``deprecated`` when it has a successor; editors
            show that in the code.
        django: Version range of Django it applies to, as in ``>=6.0`` or ``>=4.2,<6.0``; empty for all.
    """

    summary: str
    severity: Severity
    safety: Safety | None = None
    default: bool = True
    django: str = ""
    tag: Literal["unnecessary", "deprecated"] | None = None


class Hit(Struct, frozen=True):
    """What a rule yields: a finding without what the registry and the configuration add.

    `place`, `access`, `related`, `fixes` and `data` are those of `Finding`; `severity` is given only where it
    differs from the rule's.
    """

    place: Place
    message: str
    access: Place | None = None
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    confidence: Confidence = Confidence.PROVEN
