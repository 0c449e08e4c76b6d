"""What tests of rules are made of: pages, the projects in them, and their proofs. See ``docs/plugins.md``.

`codes_in` and `check_page` are all that the tests of a team's own rules need.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:
    # Its messages about failed assertions are those of tests.
    sys.modules["pytest"].register_assert_rewrite(f"{__name__}.checks")

from djguide_analyzers.testing.checks import check_page, codes_in

__all__ = ["check_page", "codes_in"]
