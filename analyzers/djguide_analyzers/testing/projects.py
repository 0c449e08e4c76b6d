"""The project of a page on the disk: the files that pages leave out, and running one rule on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.rules.finding import Finding
from djguide_analyzers.source.edits import Edit, apply_edits, merge
from djguide_analyzers.testing.pages import Lines

_SETTINGS = """\
SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["example.com"]
USE_TZ = True
ROOT_URLCONF = "project.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", {apps}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
"""
_MANAGE = """\
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
_PYPROJECT = """\
[project]
name = "example"
version = "1"
dependencies = ["django>=4.2"]

[tool.black]
line-length = 110
"""


def completed(files: Mapping[str, str]) -> dict[str, str]:
    """`files` with those that a page may leave out: every folder of Python files is an installed app."""
    folders = {PurePosixPath(path).parts[0] for path in files if path.endswith(".py") and "/" in path}
    apps = ", ".join(f'"{name}"' for name in sorted(folders - {"project"}))
    supplied = {
        "manage.py": _MANAGE,
        "pyproject.toml": _PYPROJECT,
        "project/__init__.py": "",
        "project/settings.py": _SETTINGS.format(apps=apps),
        "project/urls.py": "urlpatterns = []\n",
    }
    for path in files:
        if path.endswith(".py"):
            packages = [parent.as_posix() for parent in PurePosixPath(path).parents]
            supplied |= {f"{package}/__init__.py": "" for package in packages if package != "."}
    return supplied | dict(files)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the project with `files` to `folder`, line breaks as they are."""
    for name, text in completed(files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


class ProjectUnderCheck:
    """A project on the disk and what one rule says about it.

    `environment` is where third-party packages are read from; None when the project has none, and djguide
    goes by the Django it has itself.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str], code: str, *, cache: Path, environment: str | None
    ) -> None:
        write(folder, files)
        self._folder = folder
        self._code = code
        settings: dict[str, object] = {"select": [code, "unused-suppression", "invalid-suppression"]}
        if environment is not None:
            settings["environment"] = environment
        self._workspace = Workspace([folder], cache=cache, settings=settings)

    def close(self) -> None:
        self._workspace.close()

    def name(self, path: str) -> str:
        """`path` as pages write it."""
        return Path(path).relative_to(self._folder).as_posix()

    def put(self, texts: Mapping[str, str]) -> None:
        """Use `texts` instead of what the files hold, as an editor does."""
        for name, text in texts.items():
            self._workspace.set_text((self._folder / name).as_posix(), text)

    def texts(self, names: Mapping[str, object]) -> dict[str, str]:
        """The texts of the files called `names`."""
        return {name: self._workspace.text((self._folder / name).as_posix()) or "" for name in names}

    def findings(self) -> list[Finding]:
        """Everything found; a project that cannot be analysed as a whole fails the test."""
        report = self._workspace.check()
        problems = [problem.detail or problem.message for problem in report.problems]
        assert not problems, "\n".join(problems)
        return report.findings

    def lines(self, findings: list[Finding]) -> dict[str, Lines]:
        """Where `findings` begin, in the form of `PageProject.findings_before`."""
        result: dict[str, Lines] = {}
        for finding in findings:
            assert finding.code == self._code, finding.message
            place, access = finding.place, finding.access
            self._lines_of(result, place.path).owned[place.range.start.line + 1] += 1
            if access is not None and access.path != place.path:
                self._lines_of(result, access.path).ends[access.range.start.line + 1] = 1
        return result

    def _lines_of(self, result: dict[str, Lines], path: str) -> Lines:
        return result.setdefault(self.name(path), Lines(Counter(), Counter()))

    def apply(self, findings: list[Finding]) -> None:
        """Apply the first fix of each of `findings`, those that exclude each other left out."""
        by_path: dict[str, list[Edit]] = {}
        for group in merge(finding.fixes[0].edits for finding in findings if finding.fixes):
            for edit in group:
                by_path.setdefault(edit.path, []).append(edit)
        for path, edits in by_path.items():
            self._workspace.set_text(path, apply_edits(self._workspace.text(path) or "", edits))
