"""Every rule's page, run: what it says is found, what it fixes, and what it proves."""

from __future__ import annotations

import ast
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import djguide_analyzers.rules
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.finding import Safety
from djguide_analyzers.source.positions import LineIndex
from djguide_analyzers.testing import checks
from djguide_analyzers.testing import proofs as running
from djguide_analyzers.testing.pages import SECTIONS, Page, PageProject, Proof, read_page
from djguide_analyzers.testing.projects import ProjectUnderCheck
from djguide_server.lsp.suppress import suppression

RULES = Path(djguide_analyzers.rules.__file__).parent
ENTRIES = registry.all_rules()
PROJECTS_OPEN = 8
PAGES = {entry.code: read_page(entry.page_path) for entry in ENTRIES if entry.page_path.is_file()}

Open = Callable[..., ProjectUnderCheck]


def parts() -> list[object]:
    """Each project of each page; the name is the code, with a number from the second on."""
    return [
        pytest.param(code, project, id=code if number == 1 else f"{code}-{number}")
        for code, page in PAGES.items()
        for number, project in enumerate(page.projects, 1)
    ]


def proofs() -> list[object]:
    return [
        pytest.param(
            *(code, project, proof, database, python),
            id=f"{code}-{number}-{database}-{Path(python).name}-{which}",
        )
        for code, page in PAGES.items()
        for number, (project, proof) in enumerate(
            [(project, proof) for project in page.projects for proof in project.proofs], 1
        )
        for database in proof.databases
        for which, python in enumerate(running.interpreters(), 1)
    ]


every_rule = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
every_page = pytest.mark.parametrize("code", PAGES)
every_part = pytest.mark.parametrize(("code", "project"), parts())


def is_for_installed_django(code: str) -> bool:
    entry = registry.get(code)
    return entry is None or checks.is_for(sys.executable, entry)


@pytest.fixture(scope="session")
def open_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Open a project with these files for the rule `code`; one opened before is put back to them.

    All share one cache of facts, so that Django itself is read once. A rule that is not for the Django beside
    pytest sees a project without an environment, which may run on any version. A project takes some 15 MB, so
    only those used last stay open: the tests of a page follow each other (conftest.py).
    """
    cache = tmp_path_factory.mktemp("facts")
    opened: OrderedDict[tuple[object, ...], ProjectUnderCheck] = OrderedDict()

    def open_project(
        code: str, files: Mapping[str, str], *, environment: str | None = sys.prefix
    ) -> ProjectUnderCheck:
        environment = environment if is_for_installed_django(code) else None
        key = (code, environment, *files.items())
        if key not in opened:
            folder = tmp_path_factory.mktemp("project")
            opened[key] = ProjectUnderCheck(folder, files, code, cache=cache, environment=environment)
            if len(opened) > PROJECTS_OPEN:
                opened.popitem(last=False)[1].close()
        else:
            opened[key].put(files)
            opened.move_to_end(key)
        return opened[key]

    with pytest.MonkeyPatch.context() as patch:
        for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            patch.delenv(name, raising=False)
        yield open_project
    for project in opened.values():
        project.close()


# --- the page ----------------------------------------------------------------------------------------------


@every_rule
def test_every_rule_has_a_page(entry: registry.Entry) -> None:
    assert entry.page_path.is_file()


def test_every_page_has_a_rule() -> None:
    pages = set(RULES.glob("*/*.md"))
    assert pages == {entry.page_path for entry in ENTRIES if entry.page_path.is_file()}


@every_page
def test_title_and_header(code: str) -> None:
    entry, page = registry.get(code), PAGES[code]
    assert entry is not None
    checks.check_header(entry, page)


@every_page
def test_sections(code: str) -> None:
    sections = PAGES[code].sections
    assert [name for name in sections if name in SECTIONS] == list(SECTIONS)
    assert [name for name, prose in sections.items() if not prose] == []
    assert "Django documentation: " in sections["Reference"]


@every_page
def test_page_is_written(code: str) -> None:
    assert "<!--" not in PAGES[code].path.read_text(encoding="utf-8"), "a hint of the skeleton is still there"


@every_page
def test_page_shows_what_its_rule_does(code: str) -> None:
    entry, page = registry.get(code), PAGES[code]
    assert entry is not None
    for name, number in _inventory(page, entry.rule.safety).items():
        assert number, f"the page has no {name}"


def _inventory(page: Page, safety: Safety | None) -> dict[str, int]:
    projects = page.projects
    found = {
        "finding": sum(bool(project.findings_before()) for project in projects),
        "near misses: a file without findings in that section": sum(
            not any(file.lines)
            for project in projects
            for path, file in project.files.items()
            if f" {path}\n" in f"{page.sections['Near misses']}\n"
        ),
    }
    if safety in (Safety.SAFE, Safety.REVIEW):
        found["fixed file"] = sum(len(project.fixed) for project in projects)
        found["proof"] = sum(len(project.proofs) for project in projects)
    return found


# --- findings and fixes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", [sys.prefix, None], ids=["installed", "no environment"])
@every_part
def test_findings(code: str, project: PageProject, environment: str | None, open_project: Open) -> None:
    checks.check_findings(open_project(code, project.before(), environment=environment), project)


@every_part
def test_fixes(code: str, project: PageProject, open_project: Open) -> None:
    """All first fixes together give the fixed files, in which nothing is left to fix."""
    checks.check_fixes(open_project(code, project.before()), project)


@every_part
def test_fixed_files_are_as_good_when_read_anew(code: str, project: PageProject, open_project: Open) -> None:
    checked = open_project(code, project.after())
    assert checked.lines(checked.findings()) == project.findings_after()


@every_part
def test_each_fix_alone(code: str, project: PageProject, open_project: Open) -> None:
    """A single fix takes its finding away, adds none and leaves files that compile."""
    checks.check_each_fix(open_project(code, project.before()), project)


@every_page
def test_safety_of_the_fixes(code: str, open_project: Open) -> None:
    """The header's class of fix is one that the page's findings have, and none is safer than it says."""
    entry = registry.get(code)
    assert entry is not None
    found = [open_project(code, project.before()).findings() for project in PAGES[code].projects]
    offered = [finding.fixes[0].safety if finding.fixes else None for group in found for finding in group]
    assert entry.rule.safety in offered
    order = [None, Safety.MANUAL, Safety.REVIEW, Safety.SAFE]
    assert max(map(order.index, offered)) == order.index(entry.rule.safety)


@every_part
def test_windows_line_breaks(code: str, project: PageProject, open_project: Open) -> None:
    checks.check_line_breaks(open_project(code, project.before()), project)


@every_part
def test_suppressing_a_line_silences_its_findings(
    code: str, project: PageProject, open_project: Open
) -> None:
    """A comment on every other marked line silences what begins there and nothing else; then on the others."""
    checked = open_project(code, project.before())
    found = project.findings_before()
    places = [(path, line) for path, lines in found.items() for line in sorted(lines.owned)]
    for chosen in (places[::2], places[1::2]):
        texts = project.before()
        for path, line in reversed(chosen):
            texts[path] = _suppressed(path, texts[path], line, code)
        checked.put(texts)
        covered = {(path, n) for path, line in chosen for n in _covered(path, project.before()[path], line)}
        left = [place for place in places if place not in covered]
        assert _owned(checked) == Counter({place: found[place[0]].owned[place[1]] for place in left})


@every_part
def test_suppressing_the_other_end(code: str, project: PageProject, open_project: Open) -> None:
    checked = open_project(code, project.before())
    for path, lines in project.findings_before().items():
        for line in lines.ends:
            checked.put({path: _suppressed(path, project.before()[path], line, code)})
            left = checked.lines(checked.findings()).get(path)
            assert left is None or line not in left.ends
            checked.put(project.before())


def _suppressed(path: str, text: str, line: int, code: str) -> str:
    """`text` with the comment at the end of `line` that the editor would put there."""
    index = LineIndex(text)
    insertion = suppression(path, index, line - 1, code)
    assert insertion is not None
    assert "\n" not in insertion.text, "no comment fits on this line; write the example differently"
    start, end = index.offset(insertion.range.start), index.offset(insertion.range.end)
    return text[:start] + insertion.text + text[end:]


def _owned(checked: ProjectUnderCheck) -> Counter[tuple[str, int]]:
    """How many findings begin on each line of each file."""
    found = checked.lines(checked.findings())
    return Counter(
        {(path, line): number for path, lines in found.items() for line, number in lines.owned.items()}
    )


def _covered(path: str, text: str, line: int) -> range:
    """The lines a comment on `line` speaks for: the whole block when it is the first line of one."""
    if path.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.stmt) and hasattr(node, "body") and node.lineno == line:
                return range(line, (node.end_lineno or line) + 1)
    return range(line, line + 1)


# --- proofs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "project", "proof", "database", "python"), proofs())
def test_proof(
    code: str, project: PageProject, proof: Proof, database: str, python: str, tmp_path: Path
) -> None:
    """The proof holds on the bad and on the fixed project, and what it calls the same is the same."""
    entry, page = registry.get(code), PAGES[code]
    assert entry is not None
    if not checks.is_for(python, entry):
        pytest.skip(f"the rule is for Django {entry.rule.django}, this is {running.django_version(python)}")
    if database == "postgresql" and not running.postgresql():
        pytest.skip("needs a PostgreSQL server, which DJGUIDE_ORACLE_POSTGRESQL names; .ci/run starts one")
    try:
        checks.check_proof(python, entry, page, project, proof, tmp_path, database=database)
    except running.NotInstalled as missing:
        if python == sys.executable:
            raise
        pytest.skip(f"{python}: {missing}")
