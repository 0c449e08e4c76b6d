"""The one place where the command line meets the analysis.

Commands call these functions through the module, so a test can put its own in their place.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from djguide_analyzers.engine.workspace import Workspace
    from djguide_analyzers.rules.registry import Entry

_PATIENCE = "10s"
"""How long a scheduler is waited for."""


@contextmanager
def open_workspace(
    roots: Sequence[Path],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    cache: bool = True,
    jobs: int = 1,
    cluster: str | None = None,
    shared_cache: Path | None = None,
) -> Iterator[Workspace]:
    """The workspace with `roots`.

    Codes in `select` run instead of what the configuration says, and all of them do; codes in `ignore` are left
    out besides those that the configuration ignores. Without `cache`, nothing is read from the user's cache
    folder and nothing is kept. Up to `jobs` processes check large projects; or those of the Dask `cluster` whose
    scheduler is at that address, which keep facts in `shared_cache` if that is given.

    Raises:
        click.ClickException: the cluster cannot be reached, or Dask is not installed.
    """
    from djguide_analyzers.engine.workspace import Workspace

    with ExitStack() as stack:
        folder: Path | None = None
        if not cache:
            name = tempfile.TemporaryDirectory(prefix="djguide-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(name))
        executor: Executor | None = None
        if cluster is not None:
            executor = stack.enter_context(_cluster(cluster))
        elif jobs > 1:
            executor = stack.enter_context(processes(jobs))
        workspace = Workspace(
            roots,
            cache=shared_cache.resolve() if shared_cache is not None else folder,
            settings=_settings(select, ignore),
            executor=executor,
            shared_cache=shared_cache is not None,
        )
        stack.callback(workspace.close)
        yield workspace


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """Processes that are started when they are needed; they inherit nothing, so that they can be anywhere.

    A terminal sends Ctrl+C to all of them: it is for the one that the user started, which ends the others.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    executor = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_started)
    try:
        yield executor
    except BaseException:
        for process in active_children():  # nobody waits for what they are at
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _started() -> None:
    """What a process does first."""
    from djguide_server.memory import look_rarely

    look_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask cluster; one that is lost has its work done by the others, or here."""
    try:
        from distributed import Client  # type: ignore[import-not-found]
    except ImportError as error:
        message = "Dask is not installed where djguide is: pip install 'djguide[dask]'."
        raise click.ClickException(message) from error
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"There is no scheduler at {address}: {error}") from error
    with client:
        yield client.get_executor(pure=False)


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
