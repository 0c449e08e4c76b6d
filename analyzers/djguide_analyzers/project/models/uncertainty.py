"""What is not certain of a model while it is put together."""

from __future__ import annotations

from djguide_analyzers.project.models.apps import App
from djguide_analyzers.project.models.drafts import Draft
from djguide_analyzers.project.models.evaluation.values import Frame, is_told
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import HARMLESS, External

_NOT_INSTALLED = "it belongs to no application that is known to be installed"


def model_doubts(
    draft: Draft, rests_on: dict[str, frozenset[str]], settings: SettingDoubts
) -> dict[str, str]:
    """What is not certain of a model's options and application.

    `rests_on` holds the uncertain settings that options rest on; under ``""`` those that decide whether it is
    abstract.
    """
    doubts = {
        name: f"Meta.{name} could not be evaluated" for name, v in draft.options.items() if not is_told(v)
    }
    doubts.update({name: settings.reason(names) for name, names in rests_on.items()})
    if draft.app is None:
        doubts["installed"] = _NOT_INSTALLED
        return doubts
    if "label" in draft.app.doubts:
        doubts["app_label"] = draft.app.doubts["label"]
    if draft.app.doubt is not None:
        doubts["installed"] = _why_uncertain(draft.app)
    return doubts


def _why_uncertain(app: App) -> str:
    assert app.doubt is not None
    return f"its application {app.name} may not be installed: {app.doubt.reason}"


def uncertain_names(frame: Frame) -> dict[str, frozenset[str]]:
    """Names of a class body that may not be bound, with the settings that decide."""
    decided = frame.rests_on or {}
    return {name: decided.get(name, frozenset()) for name in frame.uncertain}


def unreadable_bases(line: tuple[ClassInfo | External, ...]) -> list[str]:
    """Names of the classes in a hierarchy that cannot be read, dotted where it is known where they come from."""
    found = [base.dotted for base in line if isinstance(base, External) and base.dotted not in HARMLESS]
    return [name.lstrip("?").strip("…") or "by an expression" for name in found]
