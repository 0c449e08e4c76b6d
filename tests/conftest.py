"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes depends on the machine, and says nothing about what is tested. Which examples there are
# depends on the test alone, so that a change is not blamed for what others left; DJGUIDE_EDITS looks for new ones.
settings.register_profile("djguide", deadline=None, derandomize="DJGUIDE_EDITS" not in os.environ)
settings.load_profile("djguide")

# What is tested does not depend on where the tests run either: djguide heeds that a service for continuous
# integration runs it, which folder that checked out, and what it says of colours.
for _variable in (
    "CI", "CI_PROJECT_DIR", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "NO_COLOR", "FORCE_COLOR", "COLUMNS",
    "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV",
):  # fmt: skip
    os.environ.pop(_variable, None)
