"""A service function that stores a row in a transaction, with its test."""

from __future__ import annotations

import posixpath

from djguide_analyzers.assist.refactorings.base import Change, Refactoring
from djguide_analyzers.assist.scaffolds.conventions import home
from djguide_analyzers.assist.scaffolds.drafts import Draft, bracketed, change, marked, module_name
from djguide_analyzers.assist.scaffolds.subject import Subject, article
from djguide_analyzers.assist.scaffolds.tests_home import test_base, tests_path
from djguide_analyzers.assist.scaffolds.values import Rows, manager, required, rows
from djguide_analyzers.project.graph import Field

KIND = "refactor.djguide.new.service"
_IN_TEST = " " * 8
_TESTS = """\
class Create{name}Tests({base}):
    def test_stores_a_row(self):
{setup}
        {call}
        self.assertIn({variable}, {model}.{manager}.all())

    def test_stores_nothing_when_a_later_step_fails(self):
{setup}
        count = {model}.{manager}.count()
        save = {model}.save

        def save_and_fail({variable}, *args, **kwargs):
            save({variable}, *args, **kwargs)
            raise RuntimeError

        with (
            «unittest.mock».patch.object({model}, "save", save_and_fail),
            self.assertRaises(RuntimeError),
        ):
            {failing}
        self.assertEqual({model}.{manager}.count(), count)
"""


def service(subject: Subject) -> Refactoring | None:
    """None where no test can be written, as a column takes no value that is known."""
    needed = rows(subject, "1", _IN_TEST, validated=True)
    function = f"create_{subject.snake}"
    path = _path(subject)
    module = subject.project.modules.get(path)
    if needed is None or (module is not None and function in module.symbols.names):
        return None
    title = f"Add an atomic service for {subject.name} with its test"
    return Refactoring(KIND, title, lambda: _change(subject, path, function, needed))


def _path(subject: Subject) -> str:
    files = [
        path for path in subject.project.modules
        if posixpath.basename(path) == "services.py" or posixpath.basename(posixpath.dirname(path)) == "services"
    ]  # fmt: skip
    return home(subject, (path for path in files if not path.endswith("/__init__.py")), "services.py")


def _change(subject: Subject, path: str, function: str, needed: Rows) -> Change | None:
    made = marked((module_name(subject, path), function))
    drafts = [
        Draft(path, _function(subject, function), (function,)),
        Draft(
            tests_path(subject, "services"), _tests(subject, made, needed), (f"Create{subject.name}Tests",)
        ),
    ]
    return change(subject, drafts)


def _function(subject: Subject, function: str) -> str:
    names = [field.name for field in required(subject.model, validated=True)]
    many = [field.name for field in _many(subject)]
    parameters = [*(["*"] if names or many else []), *names, *(f"{name}=()" for name in many)]
    variable, model = subject.snake, marked(subject.place())
    words = variable.replace("_", " ")
    made = bracketed(f"{variable} = {model}", [f"{name}={name}" for name in names], "    ")
    related = "".join(f"    {variable}.{name}.set({name})\n" for name in many)
    return (
        f"@«django.db.transaction».atomic\n{bracketed(f'def {function}', parameters, '')}:\n"
        f'    """Store {article(words)} {words} and all that belongs to it, or nothing."""\n'
        f"    {made}\n    {variable}.full_clean()\n    {variable}.save()\n{related}    return {variable}\n"
    )


def _many(subject: Subject) -> list[Field]:
    """Many-to-many relations that are set without more to say about each."""
    fields = subject.model.fields.values()
    return [field for field in fields if field.kind == "m2m" and field.sure() and field.through_auto]


def _tests(subject: Subject, made: str, needed: Rows) -> str:
    arguments = [f"{name}={value}" for name, value in needed.arguments]
    variable = subject.snake
    setup = "\n".join(f"{_IN_TEST}{statement}" for statement in needed.statements)
    text = _TESTS.format(
        name=subject.name,
        base=marked(test_base(subject)),
        variable=variable,
        model=marked(subject.place()),
        manager=manager(subject.model),
        setup=setup or "‹›",
        call=bracketed(f"{variable} = {made}", arguments, _IN_TEST),
        failing=bracketed(made, arguments, f"{_IN_TEST}    "),
    )
    return text.replace("‹›\n", "")
