"""What rules about serializers share: where they stand, and the edits of their fields."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.literals import Text, Written
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.serializers import Serializer, SerializerField, describe_serializer
from djguide_analyzers.rules.api_views import mentions_text
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.source.edits import Edit

_REFUSED_WITH_READ_ONLY = frozenset({"required", "write_only", "queryset", "default", "read_only"})


def own_serializers(file: FileContext) -> Iterator[Serializer]:
    """The serializer classes that `file` declares; none for test code."""
    if file.is_test:
        return
    for cls in file.classes():
        found = describe_serializer(file.project, cls)
        if found is not None:
            yield found


def refuses_input(serializer: Serializer) -> bool:
    """Whether a serializer's own ``validate()`` ends by raising, so that nothing is ever taken in."""
    info = serializer.method("validate")
    return info is not None and bool(info.statements) and isinstance(info.statements[-1], ir.Raise)


def judges(serializer: Serializer, field: SerializerField) -> bool:
    """Whether the serializer's own validation looks at a field, and may refuse or drop it."""
    if serializer.may_define(f"validate_{field.name}"):
        return True
    for hook in ("validate", "__init__", "to_internal_value", "run_validation", "get_fields"):
        if not serializer.may_define(hook):
            continue
        info = serializer.method(hook)
        if info is None or mentions_text(info, field.name) or mentions_text(info, field.source[0]):
            return True
    return refuses_input(serializer)


def stands_in(written: Written | None, cls: ClassInfo) -> bool:
    """Whether an option of ``Meta`` is written inside `cls`."""
    return written is not None and written.owner is not None and written.owner.owner is cls


def add_option(file: FileContext, code: Code, call: ir.Call, option: str) -> Edit | None:
    """Give a field of `file` one more keyword argument; None where that cannot be written."""
    if code.module.path != file.path or any(keyword.name is None for keyword in call.keywords):
        return None
    inside = arguments_range(file, code, call)
    last = [*call.args, *call.keywords]
    if not last:
        return insert(file, inside.start, option) if not file.slice(inside).strip() else None
    return insert(file, code.range(last[-1]).end, f", {option}")


def read_only_edit(file: FileContext, field: SerializerField) -> Edit | None:
    """Make a declared field read-only; None where the framework would refuse that beside its other options."""
    if field.call is None or field.code is None:
        return None
    given = {keyword.name for keyword in field.call.keywords}
    if given & _REFUSED_WITH_READ_ONLY or (field.call.args and field.kind != "method"):
        return None
    return add_option(file, field.code, field.call, "read_only=True")


def renamed(file: FileContext, text: Text, name: str) -> Edit | None:
    """Write `name` in a text literal of `file`, between the same quotes."""
    node, code = text.written.node, text.written.code
    if code.module.path != file.path or not isinstance(node, ir.Const):
        return None
    written = file.text(code, node)
    if written[1:-1] != text.value or written[:1] not in "\"'" or written[:1] != written[-1:]:
        return None
    return replace(file, code.range(node), f"{written[0]}{name}{written[0]}")


def close_match(name: str, names: Iterable[str]) -> str | None:
    """The one name that `name` is probably a misspelling of."""
    found = difflib.get_close_matches(name, sorted(set(names)), n=2, cutoff=0.75)
    if len(found) == 2:
        best, second = (difflib.SequenceMatcher(None, name, each).ratio() for each in found)
        if best - second < 0.05:
            return None
    return found[0] if found else None


def rendered(names: Iterable[str]) -> str:
    return "[" + ", ".join(json.dumps(name) for name in names) + "]"
