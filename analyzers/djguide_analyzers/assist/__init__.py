"""Answers for whoever is editing: what can be written here, what this means, where it is, what it can become.

`assistant.Assistant` is the whole interface. It works on a copy of what linking made, so that it can answer on
a thread of its own while the workspace is being checked.
"""
