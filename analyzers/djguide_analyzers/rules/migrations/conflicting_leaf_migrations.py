"""Two migrations of an application both come last."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.meta import class_place
from djguide_analyzers.rules.migration_files import leaves, migration_class, siblings

RULE = Rule(
    summary="Two migrations of an application both come last, so `migrate` refuses to run",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    cls = migration_class(file.project, file.module)
    last = leaves(file) if cls is not None else None
    own = posixpath.basename(file.path).removesuffix(".py")
    if cls is None or last is None or own not in last or len(last) < 2:
        return
    others = sorted(last - {own})
    known = siblings(file)
    yield Hit(
        class_place(file, cls),
        f"`{own}` and `{'`, `'.join(others)}` both come last: `migrate` stops with a conflict",
        related=tuple(
            Related("the other one", class_place(file.sibling(known[name].module), known[name]))
            for name in others
        ),
        fixes=(Fix("Make one follow the other, or run `makemigrations --merge`", Safety.MANUAL),),
    )
