"""A management command that goes through the rows of a model."""

from __future__ import annotations

from djguide_analyzers.assist.refactorings.base import Change, Refactoring
from djguide_analyzers.assist.scaffolds.conventions import can_stand, own_classes, usual_base
from djguide_analyzers.assist.scaffolds.drafts import Draft, bracketed, change, marked
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.assist.scaffolds.values import manager
from djguide_analyzers.rules.management import COMMAND

KIND = "refactor.djguide.new.command"
_TEXT = '''\
class Command({base}):
    help = "Goes through all {words} and changes those that need it."

    def add_arguments(self, parser):
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be changed"
        )

    def handle(self, *args, dry_run, **options):
        changed = 0
        rows = {model}.{manager}.order_by("pk")
        for {variable} in rows.iterator(chunk_size=2000):
            if self.needs_change({variable}):
                changed += 1
                if not dry_run:
                    self.change({variable})
        verb = "would be changed" if dry_run else "changed"
        {report}

    def needs_change(self, {variable}):
        """Whether there is something to do about a row."""
        return False

    def change(self, {variable}):
        """Do it, and store the row."""
'''


def command(subject: Subject) -> Refactoring | None:
    """None where there is a file of that name already, or a module ``management`` instead of the package."""
    if subject.source.read(_path(subject)) is not None or not can_stand(subject, _path(subject)):
        return None
    return Refactoring(KIND, f"Add a management command for {subject.name}", lambda: _change(subject))


def _path(subject: Subject) -> str:
    return f"{subject.folder}/management/commands/update_{subject.plural}.py"


def _change(subject: Subject) -> Change | None:
    classes = own_classes(subject.project, COMMAND)
    base = usual_base(subject.project, classes, ("django.core.management.base", "BaseCommand"))
    words = subject.plural.replace("_", " ")
    text = _TEXT.format(
        base=marked(base),
        words=words,
        variable=subject.snake,
        model=marked(subject.place()),
        manager=manager(subject.model),
        report=bracketed(
            "self.stdout.write", [f'self.style.SUCCESS(f"{{changed}} {words} {{verb}}.")'], " " * 8
        ),
    )
    return change(subject, [Draft(_path(subject), text, ("Command",))])
