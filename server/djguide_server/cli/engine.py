"""The one place where the command line meets the analysis.

Commands call these functions through the module, so a test can put its own in their place.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from djguide_analyzers.engine.workspace import Workspace
    from djguide_analyzers.rules.registry import Entry


@contextmanager
def open_workspace(
    roots: Sequence[Path],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    cache: bool = True,
    jobs: int = 1,
) -> Iterator[Workspace]:
    """The workspace with `roots`.

    Codes in `select` run instead of what the configuration says, and all of them do; codes in `ignore` are left
    out besides those that the configuration ignores. Without `cache`, nothing is read from the user's cache
    folder and nothing is kept. Up to `jobs` processes check large projects.
    """
    from djguide_analyzers.engine.workspace import Workspace

    with ExitStack() as stack:
        folder: Path | None = None
        if not cache:
            name = tempfile.TemporaryDirectory(prefix="djguide-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(name))
        executor = stack.enter_context(_processes(jobs)) if jobs > 1 else None
        workspace = Workspace(roots, cache=folder, settings=_settings(select, ignore), executor=executor)
        stack.callback(workspace.close)
        yield workspace


def _processes(jobs: int) -> Executor:
    """Processes that are started when they are needed; they inherit nothing, so that they can be anywhere."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def _settings(select: Sequence[str], ignore: Sequence[str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    if select:
        # "Just these": what the configuration adds or ignores would say otherwise.
        settings |= {"select": list(select), "extend-select": [], "ignore": []}
    if ignore:
        # Lists replace those of the configuration, tables are merged with them; ignoring one rule more must
        # not bring back those that a project ignores.
        settings["severity"] = dict.fromkeys(ignore, "off")
    return settings


def use_rule_folders(folders: Sequence[Path]) -> None:
    """Load the rules in `folders` as well; to be called before anything asks for a rule."""
    from djguide_analyzers.rules import plugins

    plugins.use_folders(folder.resolve() for folder in folders)


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration."""
    from djguide_analyzers.engine import config

    return config.schema()


def broken_rules() -> list[str]:
    """Modules that should be rules and cannot be loaded, each with the reason."""
    from djguide_analyzers.rules import registry

    return [f"{rule.name}: {rule.message}" for rule in registry.broken()]


def all_rules() -> list[Entry]:
    """Every rule there is, in the registry's order."""
    from djguide_analyzers.rules import registry

    return registry.all_rules()


def own_codes() -> dict[str, str]:
    """The practice of each code that findings have without being a rule: about comments and configuration."""
    from djguide_analyzers.engine import folder, suppressions

    codes = (suppressions.UNUSED, suppressions.INVALID, folder.INVALID_CONFIGURATION)
    return dict.fromkeys(codes, suppressions.PRACTICE)


def rule(code: str) -> Entry | None:
    """The rule called `code`."""
    from djguide_analyzers.rules import registry

    return registry.get(code)


def rule_page(code: str) -> str:
    """The Markdown page of the rule called `code`, which must exist."""
    from djguide_analyzers.rules import registry

    return registry.page(code)
