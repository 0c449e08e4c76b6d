"""Processes that run proofs: forked from one that has Django loaded, or started anew where that cannot be."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROCESS = Path(__file__).with_name("proof_process.py")
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # macOS ends forks that use some of its libraries


class Done(NamedTuple):
    """A process that has ended."""

    status: int
    output: str
    errors: str


def run(python: str, folder: Path, arguments: list[str], *, seconds: float) -> Done:
    """Run ``proof_process.py`` with `arguments` in `folder`, in a process of its own of the interpreter `python`.

    Raises:
        subprocess.TimeoutExpired: it took longer than `seconds`, and was ended.
    """
    if CAN_FORK and (done := forked_from(python).run(folder, arguments, seconds)):
        return done
    command = [*_command(python), *arguments]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=seconds, check=False
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def _command(python: str) -> list[str]:
    return [python, "-I", "-B", str(PROCESS)]


@cache
def forked_from(python: str) -> _Warm:
    """The process that those of the interpreter `python` are forked from."""
    warm = _Warm(python)
    atexit.register(warm.close)
    return warm


class _Warm:
    """The process that is forked, started when first needed and again when it is gone."""

    def __init__(self, python: str) -> None:
        self._command = _command(python)
        self._process: subprocess.Popen[str] | None = None
        self._refused = False
        self._lock = threading.Lock()

    def run(self, folder: Path, arguments: list[str], seconds: float) -> Done | None:
        """As the function `run`; None if the interpreter cannot be forked."""
        request = {"folder": str(folder), "arguments": arguments, "seconds": seconds}
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            if self._process is None:
                return None
            answer = _ask(self._process, json.dumps(request))
            if not answer:
                self.close()
                return Done(
                    -signal.SIGKILL, _text(folder / "stdout"), "the proof ended more than its own process"
                )
        if (status := json.loads(answer)) is None:
            raise subprocess.TimeoutExpired([*self._command, *arguments], seconds)
        return Done(status, _text(folder / "stdout"), _text(folder / "stderr"))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[str] | None:
        if self._refused:
            return None
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a new process says the same where it can be read
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            process.communicate()
            self._refused = True
            return None
        return process


def _ask(process: subprocess.Popen[str], request: str) -> str:
    """The answer of the process, a line; empty if it is gone."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(request + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
