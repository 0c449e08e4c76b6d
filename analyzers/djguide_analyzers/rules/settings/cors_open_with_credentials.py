"""Every site may read answers with the visitor's cookies."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file, role

RULE = Rule(
    summary="CORS is open to all origins and allows credentials",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_OPEN = ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL")
_CREDENTIALS = "CORS_ALLOW_CREDENTIALS"


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file) or role(file) == "development":
        return
    allowed = [
        each for each in assignments(file, _CREDENTIALS) if not each.conditional and _is_true(each.value)
    ]
    if not allowed and file.project.settings.flag(_CREDENTIALS) is not True:
        return
    for assignment in assignments(file, *_OPEN):
        if assignment.conditional or not _is_true(assignment.value):
            continue
        related = tuple(
            Related("credentials are allowed here", file.place(each.code, each.node)) for each in allowed[:1]
        )
        yield Hit(
            file.place(assignment.code, assignment.node),
            f"`{assignment.name}` together with `{_CREDENTIALS}` lets any page that a visitor opens read "
            "this site's "
            "answers as that visitor",
            related=related,
            fixes=(Fix("List the origins in `CORS_ALLOWED_ORIGINS`", Safety.MANUAL),),
        )


def _is_true(node: ir.Expr) -> bool:
    return isinstance(node, ir.Const) and node.value is True
