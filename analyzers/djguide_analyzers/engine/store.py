"""Facts of files: from memory, from the cache on disk, or made anew."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import django
import msgspec
import platformdirs

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.facts import ir, python, templates
from djguide_analyzers.facts.cache import FactsCache, Stamp, content_hash
from djguide_analyzers.facts.increments import facts_after
from djguide_analyzers.facts.template_ir import TemplateFacts
from djguide_analyzers.project.files import DiskFiles, Unreadable, text_hash
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.changes import Change, change_between
from djguide_analyzers.source.decoding import decode as decode_text
from djguide_analyzers.source.positions import Position, Range

F = TypeVar("F")

Blob = tuple[bytes, bytes]
"""Encoded facts, after the fingerprint of the text they were made of."""

_KEPT = "results"
_BATCH = 200
"""Freshly made facts kept back before they are written to the cache together."""


def default_cache_folder() -> Path:
    """The folder for facts below the user's cache folder."""
    return Path(platformdirs.user_cache_dir("djguide", appauthor=False))


class _Kind(NamedTuple, Generic[F]):
    """How facts of one kind are made and kept."""

    name: str
    make: Callable[[str], F]
    encode: Callable[[F], bytes]
    decode: Callable[[bytes], F]


_PYTHON = _Kind("python", python.python_facts, python.encode, python.decode)
_TEMPLATE = _Kind("template", templates.template_facts, templates.encode, templates.decode)


class FactsStore:
    """Facts by path, each made at most once per content.

    `problems` holds what cannot be read, and what of Python files cannot be parsed, by path. Mistakes in templates
    stay with their facts: only a project knows which files are meant as templates.
    """

    def __init__(self, files: DiskFiles, cache: Path | None, *, shared: bool = False) -> None:
        self.files = files
        self.problems: dict[str, list[Problem]] = {}
        self.made = 0
        self.reused = 0
        self._cache = FactsCache(cache or default_cache_folder(), version=_version(), shared=shared)
        self.digests: dict[str, bytes] = {}
        """Fingerprints of the texts that facts were made of, by path."""
        self._facts: dict[str, ir.PyFacts | None] = {}
        self._templates: dict[str, TemplateFacts | None] = {}
        self._stamps: dict[str, Stamp] = {}
        self._known: dict[str, Stamp] = {}
        self._blobs: list[tuple[str, bytes, bytes]] = []
        self._texts: dict[str, tuple[str, ir.PyFacts]] = {}
        """Unsaved Python texts that facts were made of last, by path, with these facts."""

    @property
    def folder(self) -> Path:
        """Where the cache lies."""
        return self._cache.folder

    @property
    def cache_problems(self) -> list[str]:
        return self._cache.problems

    def prepare(self, root: str) -> None:
        """Read the stamps of all files below `root` at once."""
        self._known.update(self._cache.stamps_below(root))

    def missing(self, paths: Iterable[str]) -> list[str]:
        """Those of the files at `paths` whose facts have to be made, as far as their stamps tell."""
        unknown: list[str] = []
        for path in paths:
            known = self._known.get(path)
            try:
                status = os.stat(path)  # noqa: PTH116 -- called for every file of a workspace
            except (OSError, ValueError):
                continue
            if path in self.files.overlays or path in self._facts:
                continue
            if known is None or (known.mtime_ns, known.size) != (status.st_mtime_ns, status.st_size):
                unknown.append(path)
        return unknown

    def encoded(self, paths: Iterable[str]) -> list[Blob]:
        """Facts of the Python files at `paths` for another process."""
        facts = ((path, self.python(path)) for path in paths)
        return [(self.digests[path], python.encode(made)) for path, made in facts if made is not None]

    def take(self, blobs: Iterable[Blob]) -> None:
        """Take over facts that another process has made of Python files."""
        self._blobs += [(_PYTHON.name, digest, data) for digest, data in blobs]
        self.flush()

    def forget(self, paths: Iterable[str]) -> None:
        """Look at the files again when next asked."""
        for path in paths:
            self._facts.pop(path, None)
            self.digests.pop(path, None)
            self._templates.pop(path, None)
            self.problems.pop(path, None)

    def python(self, path: str) -> ir.PyFacts | None:
        """Facts of the Python file at `path`; None when it cannot be read."""
        if path in self._facts:
            return self._facts[path]
        facts = self._load(path, _PYTHON)
        self._remember(path, facts)
        return facts

    def _remember(self, path: str, facts: ir.PyFacts | None) -> None:
        self._facts[path] = facts
        if facts is not None and facts.problems:
            told = self.problems.setdefault(path, [])
            told += [syntax_problem(path, problem) for problem in facts.problems]

    def edited(self, path: str) -> tuple[ir.PyFacts | None, Change | None]:
        """The same for a file that may be open, and what was done to its text since this was asked last."""
        before = self._texts.get(path)
        if path not in self.files.overlays:
            self._texts.pop(path, None)
            return self.python(path), None
        text = self.files.read_text(path) or ""
        change = change_between(before[0], text) if before is not None else None
        if path not in self._facts and before is not None and change is not None:
            facts = facts_after(before[1], change)
            if facts is not None:
                self.digests[path] = text_hash(text)
                self._remember(path, facts)
        facts = self.python(path)
        if facts is not None:
            self._texts[path] = text, facts
        return facts, change

    def put_edited(self) -> None:
        """Put the facts of unsaved texts into the cache: results that rest on them are compared by them later."""
        self._blobs += [
            (_PYTHON.name, text_hash(text), python.encode(facts)) for text, facts in self._texts.values()
        ]

    def closed(self, path: str) -> None:
        """Nobody edits the file at `path` any more; its content is as it was."""
        self._texts.pop(path, None)

    def template(self, path: str) -> TemplateFacts | None:
        """Facts of the template at `path`; None when it cannot be read."""
        if path not in self._templates:
            self._templates[path] = self._load(path, _TEMPLATE)
        return self._templates[path]

    def digest(self, path: str) -> bytes:
        """The fingerprint of the content of `path`, without reading it where its stamp is known."""
        if path not in self.files.overlays:
            known = self._known.get(path) or self._cache.stamp(path)
            try:
                status = os.stat(path)  # noqa: PTH116 -- called for every file of a workspace
            except (OSError, ValueError):
                return b""
            if known is not None and (known.mtime_ns, known.size) == (status.st_mtime_ns, status.st_size):
                return known.digest
            digest = self.files.digest(path)
            if digest:
                self._stamps[path] = Stamp(status.st_mtime_ns, status.st_size, digest)
            return digest
        return self.files.digest(path)

    def facts_of(self, digest: bytes) -> ir.PyFacts | None:
        """Facts of a Python text met before, by its fingerprint; None when they are not in the cache."""
        return self._cached(digest, _PYTHON)

    def kept(self, key: bytes) -> bytes | None:
        """What was kept under a key."""
        return self._cache.get(_KEPT, key)

    def keep(self, key: bytes, data: bytes) -> None:
        """Keep something in the cache under a key, instead of what was there."""
        self._cache.put_many([(_KEPT, key, data)])

    def flush(self) -> None:
        """Write what was made to the cache."""
        if self._blobs:
            self._cache.put_many(self._blobs)
            self._blobs = []
        if self._stamps:
            self._cache.put_stamps(self._stamps)
            self._known.update(self._stamps)
            self._stamps = {}

    def close(self) -> None:
        self.flush()
        self._cache.close()

    def _load(self, path: str, kind: _Kind[F]) -> F | None:
        if path in self.files.overlays:
            text = self.files.read_text(path) or ""
            self.digests[path] = text_hash(text)
            return self._from_text(text, self.digests[path], kind)
        try:
            status = os.stat(path)  # noqa: PTH116 -- called for every file of a workspace
            known = self._known.get(path)
            if known is not None and (known.mtime_ns, known.size) == (status.st_mtime_ns, status.st_size):
                facts = self._cached(known.digest, kind)
                if facts is not None:
                    self.digests[path] = known.digest
                    return facts
            data = self.files.read_bytes(path)
        except (OSError, Unreadable) as error:
            self.problems[path] = [_unreadable(path, str(error))]
            return None
        digest = self.digests[path] = content_hash(data)
        decoded = decode_text(data)
        if decoded.problem is None:
            self._stamps[path] = Stamp(status.st_mtime_ns, status.st_size, digest)
        else:  # looked at again next time, to be told again
            self.problems[path] = [_unreadable(path, decoded.problem)]
        return self._from_text(decoded.text, digest, kind)

    def _from_text(self, text: str, digest: bytes, kind: _Kind[F]) -> F:
        facts = self._cached(digest, kind)
        if facts is not None:
            return facts
        facts = kind.make(text)
        self.made += 1
        self._blobs.append((kind.name, digest, kind.encode(facts)))
        if len(self._blobs) >= _BATCH:
            self.flush()
        return facts

    def _cached(self, digest: bytes, kind: _Kind[F]) -> F | None:
        blob = self._cache.get(kind.name, digest)
        if blob is None:
            return None
        try:
            facts = kind.decode(blob)
        except msgspec.MsgspecError:
            return None  # damaged on the disk: made anew and written again
        self.reused += 1
        return facts


def _version() -> str:
    """What decides, beside a text, which facts are made of it: their format, and the parsers at hand."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}-{platform.python_implementation()}"
    engine = ".".join(str(part) for part in django.VERSION[:3])
    return f"{python.FORMAT}-{running}-{templates.FORMAT}-{engine}"


def _unreadable(path: str, reason: str) -> Problem:
    return Problem("unreadable", reason, Place(path, _at(0, 0)))


def syntax_problem(path: str, problem: ir.Problem) -> Problem:
    """What a parser says about the file at `path`, as a problem to be told."""
    return Problem("syntax", problem.message, Place(path, _at(problem.line, problem.column)))


def _at(line: int, column: int) -> Range:
    return Range(Position(line, column), Position(line, column))
