"""Incremental equals from scratch: what is known after any edits is what a new check of the same texts finds.

The projects that are edited are those of the rules' pages, so that every rule has something to find. A number of
examples large enough for a release is asked for by
``DJGUIDE_EDITS=10000 pytest -n 0 tests/engine/test_generated_edits.py``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from djguide_analyzers.engine.workspace import Cancelled, Workspace
from djguide_analyzers.rules import registry
from djguide_analyzers.testing.pages import read_page

_EXAMPLES = int(os.environ.get("DJGUIDE_EDITS", "10"))
_MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n'
_TYPED = (
    "value = compute(x", "self.kept = request.user", "for row in rows:", "return", '"""', "# a comment",
    "def inner():", "with transaction.atomic():", "x = 1", "", "if x:", "else:", "@property", "await x",
)  # fmt: skip


@cache
def _projects() -> list[dict[str, str]]:
    """The texts of all projects of all pages, by path below the project's folder."""
    pages = [read_page(entry.page_path) for entry in registry.all_rules()]
    found = [project.before() for page in pages for project in page.projects if project.files]
    return [project for project in found if any(name.endswith(".py") for name in project)]


@st.composite
def _sessions(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """A project, and the texts that one file after the other is given."""
    project = draw(st.sampled_from(_projects()))
    texts = dict(project)
    names = sorted(name for name in project if name.endswith((".py", ".html")))
    steps: list[tuple[str, str]] = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(names))
        texts[name] = draw(_edited(texts[name], "\n".join(texts.values()).split("\n")))
        steps.append((name, texts[name]))
    return project, steps


@st.composite
def _edited(draw: st.DrawFn, text: str, others: list[str]) -> str:
    """`text` after a line was typed, taken out, cut off, or changed."""
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    match draw(st.sampled_from(["type", "type", "copy", "delete", "cut", "blank", "indent"])):
        case "type":
            lines.insert(at, indent + draw(st.sampled_from(_TYPED)))
        case "copy":
            lines.insert(at, indent + draw(st.sampled_from(others)).strip())
        case "delete":
            del lines[at]
        case "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        case "blank":
            lines.insert(at, "")
        case _:
            lines[at] = f"    {lines[at]}"
    return "\n".join(lines)


_BECOMES_SETTINGS = (
    {
        "project/settings.py": 'INSTALLED_APPS = ["rest_framework"]\nREST_FRAMEWORK = {"PAGE_SIZE": 50}\n',
        "notes/constants.py": 'REST_FRAMEWORK = {"PAGE_SIZE": 50}\n',
    },
    [("notes/constants.py", 'INSTALLED_APPS = ["rest_framework"]\nREST_FRAMEWORK = {"PAGE_SIZE": 50}\n')],
)


_PATIENCE = (10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 1_000_000)
"""Places in the work between two edits after which the next edit comes."""


def _work(workspace: Workspace, path: str, patience: int) -> None:
    """Look for findings, in the file at `path` and then elsewhere, until the next edit interrupts it."""
    left = iter(range(patience))

    def cancelled() -> bool:
        return next(left, None) is None

    with suppress(Cancelled):
        workspace.findings(path, cancelled=cancelled)
        workspace.settle(cancelled=cancelled)


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(_BECOMES_SETTINGS, [None] * 6)
@given(_sessions(), st.lists(st.none() | st.sampled_from(_PATIENCE), min_size=6, max_size=6))
def test_findings_after_edits_are_those_from_scratch(
    session: tuple[dict[str, str], list[tuple[str, str]]], asked: list[int | None]
) -> None:
    project, steps = session
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "project"
        for name, text in ({"manage.py": _MANAGE} | project).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        cache = root.parent / "cache"
        workspace = Workspace([root], cache=cache)
        workspace.settle()
        texts: dict[str, str] = {}
        for (name, text), patience in zip(steps, asked, strict=False):
            path = (root / name).as_posix()
            if path not in texts:
                workspace.set_text(path, project[name])  # opened, and then typed into
            texts[path] = text
            workspace.set_text(path, text)
            if patience is not None:
                _work(workspace, path, patience)
        workspace.settle()
        fresh = Workspace([root], cache=cache, reuse=False)
        for path, text in texts.items():
            fresh.set_text(path, text)
        fresh.settle()
        assert workspace.known_findings() == fresh.known_findings()
        assert [(p.message, p.place) for p in workspace.problems()] == [
            (p.message, p.place) for p in fresh.problems()
        ]
        workspace.close()
        fresh.close()
