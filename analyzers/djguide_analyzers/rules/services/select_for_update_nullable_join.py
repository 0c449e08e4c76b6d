"""A locking query joins a relation that may be null, which PostgreSQL refuses."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.eager import has_nullable
from djguide_analyzers.rules.edits import append_argument
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.locking import DROPS_LOCK, LockedRun, is_postgresql, locked_runs
from djguide_analyzers.trace.values import Query

RULE = Rule(
    summary="`select_for_update()` with a join that may be empty, which PostgreSQL refuses",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not is_postgresql(file.project):
        return
    seen: set[object] = set()
    for run in locked_runs(file, scope):
        if run.operation in DROPS_LOCK or run.lock.site in seen:
            continue
        path = nullable_join(file.project, run.query, run.lock.node)
        if path is not None:
            seen.add(run.lock.site)
            yield _hit(file, run, path)


def nullable_join(project: Project, query: Query, lock: ir.Call) -> str | None:
    """The first path of ``select_related`` along which rows may be missing, unless other tables are locked."""
    if query.shape != "instances" or query.opaque or query.assumed or lock.keyword("of") is not None:
        return None
    if len(lock.args) > 2 or any(keyword.name is None for keyword in lock.keywords):
        return None
    for path in sorted(query.select):
        narrowed = any(name == path or name.startswith(f"{path}__") for name in query.filters)
        model = project.models.get(query.model)
        known = model is not None and (
            path.split("__")[0] in model.fields or path.split("__")[0] in model.reverse
        )
        if known and not narrowed and has_nullable(project.graph, query.model, tuple(path.split("__"))):
            return path
    return None


def _hit(file: FileContext, run: LockedRun, path: str) -> Hit:
    title = "Lock the rows of the query's own table"
    fix = Fix(title, Safety.MANUAL)
    if run.lock.site.code.module.path == file.path:
        edit = append_argument(file, run.lock.site.code, run.lock.node, 'of=("self",)')
        fix = Fix(title, Safety.SAFE, (edit,))
    return Hit(
        file.place(run.body.code, run.node),
        f"PostgreSQL refuses to lock the rows joined along `{path}`, which may be missing: the query fails each "
        "time",
        fixes=(fix,),
    )
