"""Files that are run, rather than imported."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext

_STARTS = frozenset({"django.setup", "django.__init__.setup", "argparse.ArgumentParser"})
_NAMES = frozenset(name.rpartition(".")[2] for name in _STARTS)
_DOCUMENTATION = frozenset({"doc", "docs", "source"})


def is_script(file: FileContext) -> bool:
    """Whether a file is run by itself: it sets Django up or reads the command line, or configures Sphinx."""
    *_, folder, name = ("", *file.path.rsplit("/", 2))
    if name == "conf.py" and folder in _DOCUMENTATION:
        return True
    return any(
        isinstance(node, ir.Call)
        and isinstance(node.func, (ir.Attr, ir.Name))
        and (node.func.id if isinstance(node.func, ir.Name) else node.func.name) in _NAMES
        and file.resolve(Code(file.module, chunk), node.func) in _STARTS
        for chunk in file.module.facts.chunks
        for node in walk(chunk.outline)
    )
