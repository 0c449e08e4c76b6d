"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes depends on the machine, and says nothing about what is tested. Which examples there are
# depends on the test alone, so that a change is not blamed for what others left; DJGUIDE_EDITS looks for new ones.
settings.register_profile("djguide", deadline=None, derandomize="DJGUIDE_EDITS" not in os.environ)
settings.load_profile("djguide")
