"""Refactorings of selected code that need no finding; each makes its edits only when it is chosen."""
