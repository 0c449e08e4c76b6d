"""``djguide`` as a process: imports, streams and signals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import djguide_analyzers
import djguide_server

HERE = Path(__file__).parent
# The driver puts the fake analysis in place and is otherwise `python -m djguide_server`.
DRIVER = """
import sys
from cli_fakes import FakeEngine
from djguide_server.cli import app, engine
fake = FakeEngine()
for name in ("open_workspace", "all_rules", "own_codes", "rule", "rule_page"):
    setattr(engine, name, getattr(fake, name))
{before}
status = app.run(sys.argv[1:])
{after}
sys.exit(status)
"""


def environment(**more: str) -> dict[str, str]:
    roots = {
        Path(module.__file__ or "").parents[1].as_posix() for module in (djguide_server, djguide_analyzers)
    }
    ambient = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return ambient | {"PYTHONPATH": os.pathsep.join([*roots, HERE.as_posix()])} | more


def djguide(
    *arguments: str, before: str = "", after: str = "", **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the driver with `arguments`; `before` and `after` are Python code around the run."""
    command = [sys.executable, "-c", DRIVER.format(before=before, after=after), *arguments]
    settings: dict[str, object] = {"env": environment(), "capture_output": True, "timeout": 60}
    return subprocess.run(command, check=False, **(settings | options))  # pyright: ignore


def clock(now: str) -> str:
    """Code that makes progress read its time from the expression `now`; `ticks` goes a second per reading."""
    return (
        "from djguide_server.cli import progress\n"
        "ticks = iter(range(10**6))\n"
        f"progress.ProgressBar.__init__.__kwdefaults__['clock'] = lambda: {now}\n"
    )


def imported(*arguments: str, cwd: Path) -> set[str]:
    report = "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    return set(djguide(*arguments, after=report, cwd=cwd).stderr.decode().split())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "manage.py").write_text("")
    (tmp_path / "views.py").write_text("bad = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["check"],
        ["check", "--output-format", "json"],
        ["rules", "--format", "json"],
    ],
)
def test_start_up_is_lean(project: Path, arguments: list[str]) -> None:
    modules = imported(*arguments, cwd=project)
    assert "click" in modules
    assert not modules & {"rich", "pygls", "lsprotocol", "asyncio", "django", "jedi", "pygments"}


def test_tables_do_not_import_the_language_server(project: Path) -> None:
    modules = imported("rules", cwd=project)
    assert "rich" in modules and not modules & {"pygls", "lsprotocol"}


def test_module_entry_point() -> None:
    command = [sys.executable, "-m", "djguide_server", "--version"]
    answer = subprocess.run(
        command, check=False, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"djguide {djguide_analyzers.__version__}\n"


def test_output_is_utf8_in_a_c_locale(project: Path) -> None:
    (project / "views.py").write_text("x = 'bad déjà 日本'\n", encoding="utf-8")
    for stream in ("0", "1"):
        env = environment(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8=stream, PYTHONIOENCODING="ascii")
        answer = djguide("check", env=env, cwd=project)
        assert answer.returncode == 1
        assert "x = 'bad déjà 日本'" in answer.stdout.decode("utf-8")


def test_a_name_that_is_not_text_is_printed_escaped(project: Path) -> None:
    before = (
        "from djguide_analyzers.engine.report import Problem\n"
        "fake.prepare = lambda w: w.extra_problems.append(Problem('unreadable', 'a\\udcffb'))"
    )
    answer = djguide("check", before=before, cwd=project)
    assert answer.returncode == 1
    assert b"a\\udcffb" in answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="uses the shell's pipes")
@pytest.mark.parametrize("arguments", ["check --output-format json", "check", "rules"])
def test_a_reader_that_leaves_is_no_error(project: Path, arguments: str) -> None:
    # The reader closes the pipe before anything is written.
    read, write = os.pipe()
    os.close(read)
    try:
        answer = djguide(
            *arguments.split(), cwd=project, stdout=write, stderr=subprocess.PIPE, capture_output=False
        )
    finally:
        os.close(write)
    assert answer.returncode == (1 if arguments.startswith("check") else 0)
    assert answer.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="uses the shell's redirections")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(project: Path, closed: str) -> None:
    script = f'"$@" {closed}; echo "status $?" > status'
    command = ["sh", "-c", script, "sh", sys.executable, "-c", DRIVER.format(before="", after=""), "check"]
    answer = subprocess.run(
        command, check=False, env=environment(), cwd=project, capture_output=True, timeout=60
    )
    assert (project / "status").read_text() == "status 1\n"
    assert b"Traceback" not in answer.stderr + answer.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to the whole console")
def test_interrupt(project: Path) -> None:
    # Whatever starts the tests in the background may have had interrupts ignored, which processes inherit.
    before = "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    before += "fake.prepare = lambda w: os.kill(os.getpid(), signal.SIGINT)"
    answer = djguide("check", before=before, cwd=project)
    assert answer.returncode == 130
    assert answer.stdout == b"" and answer.stderr.strip() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_colours_and_progress_on_a_terminal(project: Path) -> None:
    import pty

    master, slave = pty.openpty()
    try:
        answer = djguide(
            "check",
            before=clock("next(ticks)"),
            after="print('rich' in sys.modules)",
            cwd=project,
            stderr=slave,
            stdout=subprocess.PIPE,
            capture_output=False,
            env=environment(TERM="xterm"),
        )
        os.close(slave)
        progress = os.read(master, 100_000).decode()
    finally:
        os.close(master)
    assert answer.stdout.endswith(b"True\n")
    assert b"\x1b" not in answer.stdout
    assert "checking" in progress and "2/2" in progress
    # Gone at the end: the last thing written erases the line.
    assert progress.rstrip().endswith("\x1b[2K")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_no_progress_for_short_work_nor_for_programs(project: Path) -> None:
    import pty

    for before, arguments in (
        (clock("0.0"), ["check"]),
        (clock("next(ticks)"), ["check", "--output-format", "json"]),
    ):
        master, slave = pty.openpty()
        try:
            djguide(
                *arguments,
                before=before,
                cwd=project,
                stderr=slave,
                stdout=subprocess.PIPE,
                capture_output=False,
            )
            os.write(slave, b"end")
            os.close(slave)
            assert os.read(master, 1000) == b"end"
        finally:
            os.close(master)


INTERRUPTED_AT_WORK = """
import os, signal, time
from djguide_server.cli import engine
signal.signal(signal.SIGINT, signal.default_int_handler)  # as above
try:
    with engine.processes(2) as executor:
        list(executor.map(time.sleep, [0.1] * 4))  # they are there
        others = [executor.submit(time.sleep, 600) for _ in range(2)]
        os.killpg(0, signal.SIGINT)  # as a terminal does
        others[0].result()
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups like these")
def test_ctrl_c_ends_all_processes_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_WORK],
        env=environment(),
        capture_output=True,
        check=False,
        start_new_session=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"interrupted\n", b"", 0)
