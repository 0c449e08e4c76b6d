"""When to check what is being typed: at once, unless edits come faster than checks can follow."""

from __future__ import annotations

FAST = 0.05
"""Seconds between edits from which on somebody may read what is found in between: people type slower."""
_LONGEST = 0.25
"""Seconds after which findings are shown even though edits go on coming fast."""


class Pace:
    """Whether to wait for the end of a burst of edits: a held key, a macro, a formatter that sends line by line.

    Times are seconds of one monotonic clock. A single edit is never held up, nor are edits that leave the
    checks as much time as they take.
    """

    def __init__(self) -> None:
        self._edited = self._checked = float("-inf")
        self._gap = float("inf")
        self._takes = 0.0

    def edited(self, now: float) -> None:
        """There was an edit."""
        self._gap, self._edited = now - self._edited, now

    def checked(self, now: float, takes: float) -> None:
        """A check has ended, or was broken off; `takes` is what an edit costs with all that follows from it."""
        self._checked, self._takes = now, takes

    def pause(self, now: float) -> float:
        """Seconds to wait for another edit before the next check begins."""
        if self._gap >= min(2 * self._takes, FAST) or now - self._checked >= _LONGEST:
            return 0.0
        return max(0.0, self._edited + 1.2 * self._gap - now)
