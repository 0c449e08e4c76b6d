"""The checks that every rule's page must pass; all raise `AssertionError`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.specifiers import SpecifierSet

from djguide_analyzers.rules import plugins, registry
from djguide_analyzers.testing import proofs
from djguide_analyzers.testing.pages import Page, PageProject, Proof, header, read_page
from djguide_analyzers.testing.projects import ProjectUnderCheck


def codes_in(folder: Path) -> list[str]:
    """The codes of the rules in `folder`, which are registered.

    Raises:
        AssertionError: some cannot be loaded.
    """
    folder = folder.resolve()
    plugins.use_folders([folder])
    registry.load_anew()
    broken = [rule.detail or f"{rule.name}: {rule.message}" for rule in registry.broken()]
    assert not broken, "\n".join(broken)
    return [entry.code for entry in registry.all_rules() if entry.source == str(folder)]


def check_page(code: str, *, cache: Path | None = None) -> None:
    """Check that the rule `code` does what its page says: findings, fixes and proofs.

    Proofs on PostgreSQL run where `proofs.postgresql` names a server.

    `cache` is a folder for facts, kept from test to test: Django itself is read once.

    Raises:
        AssertionError: it does not, or has no page.
        PageError: the page is not in the format of ``docs/pages.md``.
    """
    entry = registry.get(code)
    assert entry is not None, f"there is no rule called {code!r}"
    assert entry.page_path.is_file(), f"{code} has no page: {entry.page_path}"
    page = read_page(entry.page_path)
    check_header(entry, page)
    with tempfile.TemporaryDirectory(prefix="djguide-", ignore_cleanup_errors=True) as name:
        for number, project in enumerate(page.projects):
            folder = Path(name) / str(number)
            for environment in (sys.prefix, None):
                checked = ProjectUnderCheck(
                    folder / str(environment is None),
                    project.before(),
                    code,
                    cache=cache or Path(name) / "cache",
                    environment=environment,
                )
                try:
                    check_findings(checked, project)
                    check_fixes(checked, project)
                    checked.put(project.before())
                    check_each_fix(checked, project)
                    check_line_breaks(checked, project)
                finally:
                    checked.close()
            for proof in project.proofs:
                for database in proof.databases:
                    if database != "postgresql" or proofs.postgresql():
                        place = folder / f"proof {proof.line} {database}"
                        check_proof(sys.executable, entry, page, project, proof, place, database=database)


def check_header(entry: registry.Entry, page: Page) -> None:
    """The page's title is the code, and below it stands what the module declares."""
    assert page.title == entry.code
    introduction, _, last = page.introduction.rpartition("\n\n")
    assert last == header(entry.rule)
    assert introduction, "what the rule finds is said before the header"


def check_findings(checked: ProjectUnderCheck, project: PageProject) -> None:
    """The marked lines are those with findings."""
    assert checked.lines(checked.findings()) == project.findings_before()


def check_fixes(checked: ProjectUnderCheck, project: PageProject) -> None:
    """All first fixes together give the fixed files, in which nothing is left to fix."""
    checked.apply(checked.findings())
    assert_same_texts(checked.texts(project.files), project.after())
    left = checked.findings()
    assert checked.lines(left) == project.findings_after()
    assert [fix.title for finding in left for fix in finding.fixes if fix.edits] == []


def check_each_fix(checked: ProjectUnderCheck, project: PageProject) -> None:
    """A single fix takes its finding away, adds none and leaves files that compile."""
    before = checked.findings()
    for finding in before:
        if finding.fixes and finding.fixes[0].edits:
            checked.apply([finding])
            assert len(checked.findings()) < len(before), finding.fixes[0].title
            for name, text in checked.texts(project.files).items():
                if name.endswith(".py"):
                    compile(text, name, "exec")
            checked.put(project.before())
    assert checked.findings() == before


def check_line_breaks(checked: ProjectUnderCheck, project: PageProject) -> None:
    """The same holds for files with the line breaks of Windows."""
    checked.put(with_windows_line_breaks(project.before()))
    findings = checked.findings()
    assert checked.lines(findings) == project.findings_before()
    checked.apply(findings)
    assert_same_texts(checked.texts(project.files), with_windows_line_breaks(project.after()))


def check_proof(
    python: str,
    entry: registry.Entry,
    page: Page,
    project: PageProject,
    proof: Proof,
    folder: Path,
    *,
    database: str,
) -> None:
    """The proof holds on the bad and on the fixed project, and what it calls the same is the same.

    `database` is one of the proof's. Nothing is checked where the rule is not for the Django of `python`.

    Raises:
        NotInstalled: `python` lacks a package that the proof needs.
    """
    if not is_for(python, entry):
        return
    versions = {False: project.before()} | ({True: project.after()} if project.fixed else {})
    with ThreadPoolExecutor() as pool:  # the work is done by processes
        runs = [
            pool.submit(
                proofs.run_proof,
                python,
                folder / str(fixed),
                files,
                proof,
                page.path,
                fixed=fixed,
                database=database,
            )
            for fixed, files in versions.items()
        ]
    answers = [run.result() for run in runs]
    assert answers[0] == answers[-1]


def is_for(python: str, entry: registry.Entry) -> bool:
    """Whether the rule is for the Django that the interpreter `python` has."""
    return SpecifierSet(entry.rule.django).contains(proofs.django_version(python), prereleases=True)


def assert_same_texts(texts: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """File by file, so that a failure shows the lines that differ."""
    assert texts.keys() == expected.keys()
    for name, text in texts.items():
        assert text == expected[name], name


def with_windows_line_breaks(files: Mapping[str, str]) -> dict[str, str]:
    """`files` as they are on Windows."""
    return {path: text.replace("\n", "\r\n") for path, text in files.items()}
