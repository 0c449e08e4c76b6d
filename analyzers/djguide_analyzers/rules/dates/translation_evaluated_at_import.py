"""A text is translated while its module is imported, into the language of that moment."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.setting_files import is_settings_file

RULE = Rule(
    summary="A text is translated once, at import, instead of for each request",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_MODULE = "django.utils.translation"
_EAGER = ("gettext", "ngettext", "pgettext", "npgettext", "ugettext", "ungettext")


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or is_seeding(file) or is_settings_file(file):
        return
    names = {f"{_MODULE}.{name}": name for name in _EAGER}
    for chunk in file.module.facts.chunks:
        code = Code(file.module, chunk)
        later = {
            id(inner)
            for node in walk(chunk.outline)
            if isinstance(node, ir.Lambda)
            for inner in walk(node.body)
        }
        for node in walk(chunk.outline):
            if isinstance(node, ir.Call) and id(node) not in later and _is_bare(node.func):
                name = names.get(file.resolve(code, node.func) or "")
                if name is not None:
                    yield _hit(file, code, node, name)


def _is_bare(func: ir.Expr) -> bool:
    return isinstance(func, (ir.Name, ir.Attr))


def _hit(file: FileContext, code: Code, node: ir.Call, name: str) -> Hit:
    lazy = f"{name.removeprefix('u')}_lazy"
    imported = import_name(file, _MODULE, lazy)
    title = f"Use `{lazy}`"
    fix = Fix(title, Safety.MANUAL)
    if imported is not None:
        spelled, edits = imported
        fix = Fix(title, Safety.REVIEW, (*edits, replace(file, code.range(node.func), spelled)))
    return Hit(
        file.place(code, node),
        "This text is translated when the module is imported, before any request has a language: everybody gets "
        "it in the same one",
        fixes=(fix,),
    )
