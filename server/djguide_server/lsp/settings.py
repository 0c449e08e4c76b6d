"""The client's settings: the keys of ``[tool.djguide]`` under the section ``djguide``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from lsprotocol import types

SECTION = "djguide"

logger = logging.getLogger(__name__)


def initial_settings(options: object) -> dict[str, object]:
    """Settings in the ``initializationOptions``, under ``settings`` or ``djguide``."""
    if not isinstance(options, dict):
        return {}
    return checked(options.get("settings", options.get(SECTION)))


def rule_folders(options: object) -> list[Path]:
    """Absolute folders of rules in the ``initializationOptions``, under ``ruleFolders``.

    Only there: what clients send later may come from the workspace's own files, and rules are run.
    """
    named = options.get("ruleFolders") if isinstance(options, dict) else None
    folders = [Path(name).expanduser() for name in named or () if isinstance(name, str)]
    for folder in folders:
        if not folder.is_absolute():
            logger.warning("ruleFolders: %s is not an absolute path; it is ignored.", folder)
    return [folder for folder in folders if folder.is_absolute()]


def pushed_settings(settings: object) -> dict[str, object] | None:
    """Settings in a ``didChangeConfiguration``; None when it says nothing about djguide."""
    if not isinstance(settings, dict) or SECTION not in settings:
        return None
    return checked(settings[SECTION])


def requested_settings(answer: object) -> dict[str, object]:
    """Settings in the answer to the request that `configuration_request` makes."""
    return checked(answer[0] if isinstance(answer, list | tuple) and answer else None)


def configuration_request() -> types.ConfigurationParams:
    """The request for all of djguide's settings."""
    return types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])


def checked(value: Any) -> dict[str, object]:
    """`value` if it is a table; unset keys, which clients send as null, are left out."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        logger.warning(
            "The setting %r must be a table, not %s; it is ignored.", SECTION, type(value).__name__
        )
        return {}
    return {str(key): entry for key, entry in value.items() if entry is not None}
