"""A Django project on the disk, and what a workspace says of it, in short."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from djguide_analyzers.engine.report import Report
from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.rules.finding import Finding

MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    price = models.FloatField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
"""
VIEWS = """\
from shop.models import Book
from shop.services import names


def count():
    return len(Book.objects.all())


def listing():
    return names(Book.objects.all())
"""
SERVICES = """\
def names(books):
    return [book.author.name for book in books]
"""
FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
    "config/__init__.py": "",
    "config/settings.py": 'INSTALLED_APPS = ["shop"]\n',
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
    "shop/services.py": SERVICES,
}
EXPECTED = [
    "shop/models.py:10 money-stored-as-float",
    "shop/views.py:6 len-of-queryset",
    "shop/views.py:10 n-plus-one-foreign-key -> shop/services.py:2",
]
"""What is wrong with `FILES`."""


class Shop:
    """A project below `root`, and a workspace on it."""

    def __init__(
        self,
        root: Path,
        files: dict[str, str] | None = None,
        *,
        cache: Path | None = None,
        settings: dict[str, object] | None = None,
    ) -> None:
        self.root = root
        self.cache = root.parent / f"{root.name}-cache" if cache is None else cache
        self.settings = settings or {}
        self.write(**(FILES if files is None else files))
        self.workspace = self.fresh()

    def fresh(self, *roots: Path, reuse: bool = True) -> Workspace:
        """A workspace that knows nothing yet, or with `reuse` what an earlier one has kept."""
        return Workspace(roots or [self.root], cache=self.cache, settings=self.settings, reuse=reuse)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")

    def path(self, name: str) -> str:
        return (self.root / name).as_posix()

    def edit(self, name: str, text: str) -> None:
        """Type `text` into the open file `name`."""
        self.workspace.set_text(self.path(name), text)

    def change(self, name: str, text: str | None) -> None:
        """Write, or with None delete, a file behind the workspace's back, and tell it."""
        if text is None:
            (self.root / name).unlink()
        else:
            self.write(**{name: text})
        self.workspace.changed_on_disk([self.path(name)])

    def check(self, workspace: Workspace | None = None) -> list[str]:
        return self.told((workspace or self.workspace).check().findings)

    def report(self) -> Report:
        return self.workspace.check()

    def told(self, findings: Iterable[Finding]) -> list[str]:
        """Findings as ``path:line code``, with the other end of those that have two."""
        return [self._told(finding) for finding in findings]

    def _told(self, finding: Finding) -> str:
        text = f"{self._relative(finding.place.path)}:{finding.place.range.start.line + 1} {finding.code}"
        if finding.access is not None and finding.access.path != finding.place.path:
            line = finding.access.range.start.line + 1
            text += f" -> {self._relative(finding.access.path)}:{line}"
        return text

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self.root.as_posix()}/")
