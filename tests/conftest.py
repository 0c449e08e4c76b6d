"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on the machine, and says nothing about what is tested.
settings.register_profile("djguide", deadline=None)
settings.load_profile("djguide")
