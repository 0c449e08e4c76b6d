"""A setting that the project's Django no longer knows."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import line_end, line_start
from djguide_analyzers.rules.setting_files import Assignment, assignments, is_read, is_settings_file
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(
    summary="A setting has been removed from the Django that the project uses, and is ignored",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
    tag="deprecated",
)

_REMOVED = {
    "TEMPLATE_CONTEXT_PROCESSORS": ("1.10", "`TEMPLATES`"),
    "TEMPLATE_DEBUG": ("1.10", "`TEMPLATES`"),
    "TEMPLATE_DIRS": ("1.10", "`TEMPLATES`"),
    "TEMPLATE_LOADERS": ("1.10", "`TEMPLATES`"),
    "TEMPLATE_STRING_IF_INVALID": ("1.10", "`TEMPLATES`"),
    "MIDDLEWARE_CLASSES": ("2.0", "`MIDDLEWARE`"),
    "USE_ETAGS": ("2.1", "`ConditionalGetMiddleware`"),
    "DEFAULT_CONTENT_TYPE": ("3.0", None),
    "FILE_CHARSET": ("3.1", None),
    "PASSWORD_RESET_TIMEOUT_DAYS": ("4.0", "`PASSWORD_RESET_TIMEOUT`, in seconds"),
    "DEFAULT_HASHING_ALGORITHM": ("4.0", None),
    "SECURE_BROWSER_XSS_FILTER": ("4.0", None),
    "USE_L10N": ("5.0", None),
    "USE_DEPRECATED_PYTZ": ("5.0", None),
    "CSRF_COOKIE_MASKED": ("5.0", None),
    "DEFAULT_FILE_STORAGE": ("5.1", '`STORAGES["default"]`'),
    "STATICFILES_STORAGE": ("5.1", '`STORAGES["staticfiles"]`'),
    "FORMS_URLFIELD_ASSUME_HTTPS": ("6.0", None),
}
"""Settings by name: the first version without it, and what took its place."""


def check(file: FileContext) -> Iterator[Hit]:
    version = file.project.version
    if version is None or not is_settings_file(file):
        return
    for assignment in assignments(file, *_REMOVED):
        since, instead = _REMOVED[assignment.name]
        if version.within(f">={since}") is not True or is_read(file, assignment.name):
            continue
        place = f"; {instead} has taken its place" if instead is not None else ""
        yield Hit(
            file.place(assignment.code, assignment.node),
            f"Django {since} has removed `{assignment.name}` and ignores it{place}",
            fixes=(_fix(file, assignment, instead),),
        )


def _fix(file: FileContext, assignment: Assignment, instead: str | None) -> Fix:
    if instead is not None:
        return Fix(f"Use {instead}", Safety.MANUAL)
    title = "Remove the setting"
    range_ = assignment.code.range(assignment.node)
    alone = line_start(file, assignment.code, assignment.node) is not None
    rest = file.slice(Range(range_.end, line_end(file, range_.end))).strip()
    if not alone or (rest and not rest.startswith("#")) or len(assignment.node.targets) != 1:
        return Fix(title, Safety.MANUAL)
    if len(assignment.block) == 1 and assignment.conditional:
        return Fix(title, Safety.MANUAL)  # a block must not become empty
    lines = Range(Position(range_.start.line, 0), Position(range_.end.line + 1, 0))
    return Fix(title, Safety.SAFE, (replace(file, lines, ""),))
