"""A test that a list view asks the database as often for many rows as for one."""

from __future__ import annotations

from typing import NamedTuple

from djguide_analyzers.assist.refactorings.base import Change, Refactoring
from djguide_analyzers.assist.scaffolds.drafts import Draft, bracketed, change, marked
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.assist.scaffolds.tests_home import test_base, tests_path
from djguide_analyzers.assist.scaffolds.values import Rows, manager, rows, user_of
from djguide_analyzers.assist.subjects import TextSubject
from djguide_analyzers.assist.url_names import url_names
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import describe_endpoint, queryset_model, view_model
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.access import ACCESS_MIXIN
from djguide_analyzers.rules.owners import owner_of
from djguide_analyzers.source.positions import Range

KIND = "refactor.djguide.new.test"
_LIST_VIEW = "django.views.generic.list.BaseListView"
_TEXT = """\
def make_{variable}({parameters}):
{rows}
    return {row}


class {name}ListTests({base}):
    @classmethod
    def setUpTestData(cls):
{user}
        make_{variable}({first})

    def setUp(self):
        {login}

    def test_number_of_queries_does_not_depend_on_the_rows(self):
        url = «django.urls.reverse»("{url}")
        self.assertEqual(self.client.get(url).status_code, 200)
        with «django.test.utils.CaptureQueriesContext»(«django.db.connection») as captured:
            self.client.get(url)
        for number in range(2, 6):
            make_{variable}({others})
        with self.assertNumQueries(len(captured)):
            self.client.get(url)
"""


class _ListView(NamedTuple):
    """A view that lists the rows: the name of its URL, and whether it is one of an API."""

    url: str
    api: bool


def list_test(subject: Subject) -> Refactoring | None:
    """None where no list view of the model is seen, or where rows cannot be made up."""
    view = _list_view(subject)
    owner = owner_of(subject.project, subject.model)
    needed = rows(subject, "number", "    ", {owner.name: "user"} if owner is not None else None)
    if view is None or needed is None or user_of(subject, "cls.user", " " * 8) is None:
        return None
    title = f"Add a test of the number of queries for the list of {subject.plural.replace('_', ' ')}"
    return Refactoring(KIND, title, lambda: _change(subject, view, needed, owner))


def _change(subject: Subject, view: _ListView, needed: Rows, owner: Field | None) -> Change | None:
    arguments = list(needed.arguments)
    if owner is not None and owner.name not in dict(arguments):
        arguments.append((owner.name, "user"))
    listed = [f"{name}={value}" for name, value in arguments]
    row = bracketed(f"{marked(subject.place())}.{manager(subject.model)}.create", listed, "    ")
    user = user_of(subject, "cls.user", " " * 8) or []
    owned = owner is not None
    text = _TEXT.format(
        variable=subject.snake,
        parameters="number, user" if owned else "number",
        rows="\n".join(f"    {statement}" for statement in needed.statements) or "‹›",
        row=row,
        name=subject.name,
        base=marked(("rest_framework.test", "APITestCase") if view.api else test_base(subject)),
        user="\n".join(f"        {statement}" for statement in user),
        first="1, cls.user" if owned else "1",
        others="number, self.user" if owned else "number",
        login="self.client.force_authenticate(self.user)"
        if view.api
        else "self.client.force_login(self.user)",
        url=view.url,
    ).replace("‹›\n", "")
    defines = (f"make_{subject.snake}", f"{subject.name}ListTests")
    return change(subject, [Draft(tests_path(subject, f"{subject.snake}_list"), text, defines)])


# --- the view --------------------------------------------------------------------------------------------


def _list_view(subject: Subject) -> _ListView | None:
    """The first list view of the model that has a URL without arguments."""
    for item in url_names(subject.project):
        if not isinstance(item.subject, TextSubject) or "<" in item.detail or "(" in item.detail:
            continue
        for place in item.subject.places:
            view = _view_at(subject.project, place.path, place.range)
            if view is None:
                continue
            if _lists(subject, view):
                return _ListView(item.name, False)
            endpoint = describe_endpoint(subject.project, view)
            if endpoint is not None and item.name.endswith("-list") and endpoint.is_generic:
                listing = endpoint.action("list")
                if listing is not None and view_model(subject.project, endpoint) is subject.model:
                    return _ListView(item.name, True)
    return None


def _view_at(project: Project, path: str, where: Range) -> ClassInfo | None:
    """The class that the ``path()`` or ``register()`` call at a URL name's place leads to."""
    module = project.modules.get(path)
    if module is None:
        return None
    for chunk in module.facts.chunks:
        code = Code(module, chunk)
        for node in walk(chunk.outline):
            if not isinstance(node, ir.Call) or len(node.args) < 2:
                continue
            own = code.range(node)
            if not (own.start <= where.start and where.end <= own.end):
                continue
            view = node.args[1]
            if isinstance(view, ir.Call) and isinstance(view.func, ir.Attr) and view.func.name == "as_view":
                view = view.func.value
            symbol = project.resolver.expr(code, view)
            if isinstance(symbol, ClassInfo):
                return symbol
    return None


def _lists(subject: Subject, view: ClassInfo) -> bool:
    """Whether it is a generic list view of the model, without a ``dispatch`` that may turn visitors away."""
    project = subject.project
    if not project.resolver.is_subclass(view, _LIST_VIEW):
        return False
    own = project.resolver.class_attribute(view, "dispatch")
    if (
        own is not None
        and own[0].module.origin == "project"
        and not project.resolver.is_subclass(view, ACCESS_MIXIN)
    ):
        return False
    for option in ("model", "queryset"):
        found = project.resolver.class_attribute(view, option)
        if found is not None and isinstance(found[1], Value) and found[1].expr is not None:
            symbol = project.resolver.expr(found[1].code, found[1].expr, found[0])
            if isinstance(symbol, ClassInfo) and project.graph.of_class(symbol) is subject.model:
                return True
            if queryset_model(project, Written(found[1].expr, found[1].code, found[0])) is subject.model:
                return True
    return False
