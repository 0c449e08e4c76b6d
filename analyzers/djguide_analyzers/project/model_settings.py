"""What the model graph needs of the settings: the likeliest values, and what else they may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from djguide_analyzers.project.models import NOT_SET, UNKNOWN, AppEntry, Doubt, ProjectSettings
from djguide_analyzers.project.models.inputs import NO_SETTINGS, UNSEEN
from djguide_analyzers.project.settings import Entry, Settings
from djguide_analyzers.project.settings_values import (
    Const,
    Map,
    Missing,
    Option,
    Seq,
    SettingPlace,
    Unknown,
    Value,
    plain,
)

_SHOWN = 60
"""Characters of a value that a reason shows."""


def model_settings(settings: Settings, others: Sequence[Settings] = ()) -> ProjectSettings:
    """What `settings` say, the settings in use.

    `others` are the project's other settings (development, tests, a sample to be copied): their applications may
    be installed as well, and where those that share applications set something else, the value is not certain.
    """
    if not settings.found:
        return NO_SETTINGS
    others = [other for other in others if other.found]
    own = _own_apps(settings)
    akin = [other for other in others if not own or not own.isdisjoint(_own_apps(other))]
    still_open = _why_open(settings)
    entries = settings.installed_apps()
    # Where the setting as a whole may be another, that is said once, and not of each entry.
    whole = None if any(entry.certain for entry in entries) else still_open
    apps: dict[str, AppEntry] = {}
    for entry in entries:
        if entry.value not in apps or entry.certain:
            app = _app(entry, None if entry.certain else "it is only installed under a condition")
            apps[entry.value] = replace(app, doubt=whole) if whole is not None else app
    for other in others:
        for entry in other.installed_apps():
            reason = f"it is only installed under the settings {other.module}"
            apps.setdefault(entry.value, _app(entry, reason))
    return ProjectSettings(
        list(apps.values()) or None,
        still_open is None,
        lambda name: _likeliest(settings, name),
        cache(lambda name: _doubt(settings, akin, name)),
        still_open,
    )


def _own_apps(settings: Settings) -> set[str]:
    """The applications that are not Django's: settings that share none of them are another project's."""
    return {entry.value for entry in settings.installed_apps() if not entry.value.startswith("django.")}


def _app(entry: Entry, reason: str | None) -> AppEntry:
    """An application, with the reason why it may not be installed."""
    place = _at(reason or "", entry.place)
    return AppEntry(entry.value, reason is None, place if reason else None, place.path, place.line)


def _at(reason: str, place: SettingPlace | None) -> Doubt:
    return Doubt(reason) if place is None else Doubt(reason, place.path, place.line + 1)


def _why_open(settings: Settings) -> Doubt | None:
    """Why there may be applications that are not seen; None when all are."""
    value = settings.get("INSTALLED_APPS")
    place = value.places[-1] if value.places else None
    opening = settings.covering("INSTALLED_APPS")
    if opening is None and not settings.is_set("INSTALLED_APPS") and settings.openings:
        opening = settings.openings[0]
    if opening is not None:
        return _at(f"there may be more applications: {opening.reason}", opening.place)
    for option in value.options:
        if not isinstance(option, Seq) or option.open:
            why = f" ({option.reason})" if isinstance(option, Unknown) and option.reason else ""
            return _at(f"there may be applications that could not be evaluated{why}", place)
        for item in option.items:
            if not all(isinstance(inner, Const) for inner in item.value.options):
                inner = item.value.places[-1] if item.value.places else place
                return _at("an entry of it could not be evaluated", inner)
    return None


def _likeliest(settings: Settings, name: str) -> object:
    """A setting's likeliest value."""
    if not settings.is_set(name):
        return UNSEEN if settings.open else NOT_SET
    option = settings.get(name).first
    if option is None:
        return UNKNOWN
    if isinstance(option, Missing):
        return NOT_SET
    value = plain(option)
    return UNKNOWN if isinstance(value, Unknown) else value


def _doubt(settings: Settings, others: Sequence[Settings], name: str) -> Doubt | None:
    """Why the value of a setting is not certain; None where it is."""
    value = settings.get(name)
    place = value.places[-1] if value.places else None
    opening = settings.covering(name) if settings.is_set(name) else next(iter(settings.openings), None)
    if opening is not None:
        return _at(f"it may be set where that is not seen: {opening.reason}", opening.place or place)
    value = _part(name, value)
    reason = _uncertainty(value)
    if reason is not None:
        return _at(reason, place)
    for other in others:
        different = _difference(value, _part(name, other.get(name)))
        if different is not None:
            places = other.get(name).places
            reason = f"under the settings {other.module} it is {_shown(different)}"
            return _at(reason, places[-1] if places else None)
    return None


def _part(name: str, value: Value) -> Value:
    """The part of a setting that models depend on: of the databases, which kind the default one is."""
    if name != "DATABASES" or not any(isinstance(option, Map) for option in value.options):
        return value
    default = value.item("default")
    return default if isinstance(default.only, Missing) else default.item("ENGINE")


def _uncertainty(value: Value) -> str | None:
    """Why a value is not certain in itself."""
    if value.certain or isinstance(value.only, Missing):
        return None
    told = [option for option in value.options if not isinstance(option, Unknown)]
    why = next((o.reason for o in value.options if isinstance(o, Unknown) and o.reason), "")
    why = f" ({why})" if why else ""
    if not told:
        return f"its value could not be evaluated{why}"
    if len(told) < len(value.options):
        return f"it is {_shown(told[0])} unless something sets it that could not be evaluated{why}"
    if len(told) > 1:
        return f"it is {_shown(told[0])} or {_shown(told[1])}, depending on a condition"
    return f"a part of its value could not be evaluated{why}"


def _difference(value: Value, other: Value) -> Option | None:
    """What `other` is, where that is certain and something else than `value`."""
    option, mine = other.only, value.only
    if option is None or mine is None or not other.certain or plain(option) == plain(mine):
        return None
    return option


def _shown(option: Option) -> str:
    if isinstance(option, Missing):
        return "not set"
    text = repr(plain(option))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
