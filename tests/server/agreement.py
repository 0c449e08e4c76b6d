"""Both front ends over one project: what the command line tells, and what an editor shows of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlparse

from lsp_client import PULL, REPOSITORY, Client

WHERE = re.compile(r" at [^ ]+:\d+$")
"""What an editor adds to titles that are equal."""
SEVERITIES = {1: "error", 2: "warning", 3: "info", 4: "hint"}
Span = tuple[int, int, int, int]
Change = tuple[str, Span, str]
"""A file relative to the project, a range, and the text that goes there."""


class Told(NamedTuple):
    """A finding at one place, as either front end tells it; lines and columns from zero, in characters."""

    code: str
    severity: str
    message: str
    path: str
    span: Span
    fixes: frozenset[tuple[str, frozenset[Change]]]


class Difference(NamedTuple):
    """What only one of them tells."""

    editor: list[Told]
    command_line: list[Told]


class Comparison(NamedTuple):
    """How many findings and fixes were compared, and what differs."""

    findings: int
    fixes: int
    difference: Difference


def compare(root: Path, cache: Path) -> Comparison:
    """Check the project at `root` both ways."""
    environment = {"XDG_CACHE_HOME": cache.as_posix()}
    findings = on_command_line(root, environment)
    expected = Counter(told for finding in findings for told in ends(finding))
    shown = Counter(in_editor(root, environment, sorted({told.path for told in expected})))
    fixes = sum(len(told.fixes) for told in expected)
    return Comparison(len(findings), fixes, Difference(list(shown - expected), list(expected - shown)))


# --- the command line ------------------------------------------------------------------------------------


def on_command_line(root: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    """The findings of ``djguide check --output-format json``."""
    roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
    done = subprocess.run(
        [sys.executable, "-m", "djguide_server", "check", "--output-format", "json"],
        cwd=root,
        env={**os.environ, **environment, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["findings"]


def ends(finding: dict[str, Any]) -> Iterator[Told]:
    """Where an editor shows a finding: where it stands, and at its other end when that is in another file."""
    fixes = frozenset(
        (fix["title"], frozenset((e["path"], from_one(e["range"]), e["text"]) for e in fix["edits"]))
        for fix in finding["fixes"]
        if fix["edits"]
    )
    code, severity, message = finding["code"], finding["severity"], finding["message"]
    yield Told(code, severity, message, finding["path"], from_one(finding["range"]), fixes)
    other = finding["other_end"]
    if other is not None and other["path"] != finding["path"]:
        yield Told(code, severity, message, other["path"], from_one(other["range"]), fixes)


def from_one(range_: dict[str, Any]) -> Span:
    start, end = range_["start"], range_["end"]
    return start["line"] - 1, start["column"] - 1, end["line"] - 1, end["column"] - 1


# --- an editor -------------------------------------------------------------------------------------------


def in_editor(root: Path, environment: dict[str, str], paths: list[str]) -> Iterator[Told]:
    """What a server says over standard streams: of `paths` opened one by one, of all other files closed."""
    command = [sys.executable, "-m", "djguide_server", "server", "--stdio"]
    client = Client(command, environment=environment, folder=root)
    try:
        client.initialize(root, {**PULL, "general": {"positionEncodings": ["utf-32"]}})
        reports = client.request("workspace/diagnostic", {"previousResultIds": []})["items"]
        closed = {relative(root, report["uri"]): report["items"] for report in reports}
        for path, diagnostics in closed.items():
            if path not in paths:
                yield from (told_of(path, diagnostic, frozenset()) for diagnostic in diagnostics)
        for path in paths:
            yield from in_open_file(client, root, path)
        client.shutdown()
    finally:
        client.kill()


def in_open_file(client: Client, root: Path, path: str) -> Iterator[Told]:
    text = (root / path).read_bytes().decode("utf-8-sig")
    uri = client.open(root / path, text, language="html" if path.endswith(".html") else "python")
    for diagnostic in client.pull(uri)["items"]:
        if diagnostic["source"] == "djguide" and "data" in diagnostic:
            yield told_of(path, diagnostic, frozenset(fixes_of(client, root, uri, diagnostic)))
    client.close(uri)


def fixes_of(
    client: Client, root: Path, uri: str, diagnostic: dict[str, Any]
) -> Iterator[tuple[str, frozenset[Change]]]:
    for action in client.actions(uri, from_zero(diagnostic["range"]), [diagnostic], only=["quickfix"]):
        # One action may serve several findings; two findings may differ in nothing but what identifies them.
        about = [each["data"] for each in action.get("diagnostics", ())]
        if diagnostic["data"] not in about or "edit" not in action:
            continue
        title = WHERE.sub("", action["title"].removesuffix(" (please review)"))
        if not title.startswith((f"Ignore {diagnostic['code']} ", f"Fix all {diagnostic['code']} ")):
            yield title, frozenset(changes_of(root, action["edit"]))


def changes_of(root: Path, edit: dict[str, Any]) -> Iterator[Change]:
    for document in edit["documentChanges"]:
        path = relative(root, document["textDocument"]["uri"])
        for change in document["edits"]:
            yield path, from_zero(change["range"]), change["newText"].replace("\r\n", "\n")


def told_of(path: str, diagnostic: dict[str, Any], fixes: frozenset[tuple[str, frozenset[Change]]]) -> Told:
    severity = SEVERITIES[diagnostic["severity"]]
    span = from_zero(diagnostic["range"])
    return Told(diagnostic["code"], severity, diagnostic["message"], path, span, fixes)


def from_zero(range_: dict[str, Any]) -> Span:
    start, end = range_["start"], range_["end"]
    return start["line"], start["character"], end["line"], end["character"]


def relative(root: Path, uri: str) -> str:
    return Path(unquote(urlparse(uri).path)).relative_to(root).as_posix()
