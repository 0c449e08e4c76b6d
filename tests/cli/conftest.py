from __future__ import annotations

from pathlib import Path

import pytest
from cli_fakes import Answer, FakeEngine, Run

from djguide_server.cli import app, engine


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The analysis replaced by a fake one."""
    fake = FakeEngine()
    for name in ("open_workspace", "all_rules", "broken_rules", "own_codes", "rule", "rule_page"):
        monkeypatch.setattr(engine, name, getattr(fake, name))
    return fake


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, the current directory."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "manage.py").write_text("")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``djguide`` in this process."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        status = app.run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Answer(status, str(captured.out), str(captured.err))

    return run
