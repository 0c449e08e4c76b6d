"""The trust contract: a project is read, never run; no network, no processes, nothing written into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from untrusted import AUDIT, SITE, environment, listing, write_project

COMMANDS = [
    ("check", "."),
    ("check", ".", "--output-format", "json"),
    ("check", ".", "--output-format", "sarif"),
    ("check", ".", "--diff", "--review"),
    ("explain", "shop/views.py:6"),
    ("models", "."),
    ("doctor", "."),
]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The folder in which a file appears for each trap that was run."""
    folder = tmp_path / "marker"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path, marker: Path) -> Path:
    """A project in which every Python file is a trap."""
    write_project(tmp_path / "shop", marker)
    return tmp_path / "shop"


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `arguments` in the project's folder, as users start djguide there."""
    return subprocess.run(
        [sys.executable, *(["-P"] if "-c" in arguments else []), *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_code_of_the_project_runs(project: Path, marker: Path, arguments: tuple[str, ...]) -> None:
    result = run(project, "-m", "djguide_server", *arguments)
    assert result.returncode in (0, 1), result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in marker.iterdir()] == []


def test_the_traps_work(project: Path, marker: Path) -> None:
    run(project, str(project / "manage.py"))
    run(project, "-c", f"import site; site.addsitedir({str(project / SITE)!r})")
    assert {"manage.py", "pth"} <= {path.name for path in marker.iterdir()}


def test_the_project_is_really_read(project: Path) -> None:
    """Traps that nobody comes near prove nothing."""
    found = run(project, "-m", "djguide_server", "check", ".", "--output-format", "json")
    assert found.returncode == 1, found.stderr
    assert '"shop/views.py"' in found.stdout
    models = run(project, "-m", "djguide_server", "models", ".", "--format", "json")
    assert "shop.Book" in models.stdout
    assert "lib.models.Timed" in models.stdout


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_network_no_process_no_import_no_write(project: Path, arguments: tuple[str, ...]) -> None:
    result = run(project, "-c", AUDIT.format(root=str(project), arguments=list(arguments)))
    violations = [line for line in result.stderr.splitlines() if line.startswith("VIOLATION")]
    assert not violations
    assert result.returncode in (0, 1), result.stderr


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "socket"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("open('new.txt', 'w')", "open"),
        ("import os; os.mkdir('new')", "os.mkdir"),
        ("import sys; sys.path.insert(0, ''); import shop.apps", "exec"),
        ("exec(compile(open('shop/apps.py').read(), 'shop/apps.py', 'exec'))", "compile"),
    ],
)
def test_the_watch_sees(project: Path, code: str, event: str) -> None:
    watch = AUDIT.format(root=str(project), arguments=[]).split("sys.argv = ")[0]
    result = run(project, "-c", f"{watch}\n{code}\n")
    assert f"VIOLATION {event}" in result.stderr


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_is_written_into_the_workspace(project: Path, arguments: tuple[str, ...]) -> None:
    before = listing(project)
    run(project, "-m", "djguide_server", *arguments)
    run(project, "-m", "djguide_server", *arguments)
    assert listing(project) == before


def test_a_baseline_is_all_that_is_written(project: Path) -> None:
    before = listing(project)
    result = run(project, "-m", "djguide_server", "baseline")
    assert result.returncode == 0, result.stderr
    after = listing(project)
    assert {name for name in after if after[name] != before.get(name)} == {"djguide-baseline.json"}
    # It is there because somebody asked for it: a check takes out of it what is gone, and touches nothing else.
    (project / "shop/views.py").write_text("")
    before = listing(project)
    run(project, "-m", "djguide_server", "check")
    after = listing(project)
    assert {name for name in after if after[name] != before.get(name)} == {"djguide-baseline.json"}


def test_the_cache_lies_in_the_users_cache_folder(project: Path) -> None:
    run(project, "-m", "djguide_server", "check", ".")
    assert {path.name for path in project.parent.iterdir()} == {"shop", "marker", "cache"}
    assert {path.name for path in (project.parent / "cache").iterdir()} == {"djguide"}


def test_a_read_only_workspace_and_home_are_no_obstacle(project: Path) -> None:
    expected = run(project, "-m", "djguide_server", "check", ".", "--output-format", "json")
    (project.parent / "blocked").write_text("a file where the cache folder should be")
    env = environment(project) | {"XDG_CACHE_HOME": str(project.parent / "blocked")}
    result = subprocess.run(
        [sys.executable, "-m", "djguide_server", "check", ".", "--output-format", "json"],
        cwd=project, env=env, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False,
    )  # fmt: skip
    assert result.returncode == expected.returncode, result.stderr
    assert result.stdout.count('"code"') == expected.stdout.count('"code"')
