"""Writes the sketches of packages from what the packages say when they run. A maintainers' tool, not shipped."""
