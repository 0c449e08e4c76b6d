"""Answers about a place in a document: completions, definitions, descriptions.

They come from what was linked last, on a thread of their own, and never wait for a check that is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types

from djguide_analyzers.project.files import DiskFiles
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import View
from djguide_server.lsp.documents import Document, range_from_client

if TYPE_CHECKING:
    from djguide_analyzers.assist.assistant import Assistant
    from djguide_analyzers.assist.describe import Description
    from djguide_analyzers.assist.subjects import Subject
    from djguide_analyzers.rules.finding import Place
    from djguide_analyzers.source.positions import Position, Range

T = TypeVar("T")
TRIGGERS = ['"', "'", "_", ".", "(", ",", "/", ":", "-"]
"""Characters behind which the client should ask for completions."""


@dataclass(frozen=True)
class Question:
    """A request about a range (in characters) of `document`, and how the client sees files."""

    assistant: Assistant
    document: Document
    path: str
    selected: Range
    view: View

    @property
    def position(self) -> Position:
        """The start of the range, which is all of it for questions about a position."""
        return self.selected.start

    def read(self, path: str) -> str | None:
        """The text of any file as the client has it."""
        document = self.view.documents.get(path)
        return document.text if document is not None else self.view.read(path)


class Questions:
    """Asks the assistant, one question at a time. All but the answering runs on the event loop's thread."""

    def __init__(self) -> None:
        self.assistant: Assistant | None = None
        self._thread = ThreadPoolExecutor(1, "djguide-answers")

    def stop(self) -> None:
        """Answer nothing any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def ask(
        self,
        answer: Callable[[Question], T],
        document: Document | None,
        place: types.Position | types.Range,
        client: ClientFeatures,
        documents: Mapping[str, Document],
    ) -> T | None:
        """What `answer` says; None while nothing is linked, and for documents that are no files."""
        question = self.question(document, place, client, documents)
        return await self.run(lambda: answer(question)) if question is not None else None

    def question(
        self,
        document: Document | None,
        place: types.Position | types.Range,
        client: ClientFeatures,
        documents: Mapping[str, Document],
    ) -> Question | None:
        """A question, for those who ask it in several parts, between which others have their turn."""
        if self.assistant is None or document is None or document.path is None:
            return None
        view = View(client, documents, (), DiskFiles().read_text)
        selected = range_from_client(
            document.index,
            place if isinstance(place, types.Range) else types.Range(place, place),
            client.encoding,
        )
        return Question(self.assistant, document, document.path, selected, view)

    def prepare(self) -> None:
        """Load what the first questions need, so that they are answered as fast as the others."""

        def load() -> None:
            from djguide_analyzers.assist.model_states import prepare_django

            prepare_django()

        self._thread.submit(load)

    async def run(self, function: Callable[[], T]) -> T:
        """Call `function` where questions are answered."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


def completions(question: Question) -> types.CompletionList | None:
    """What can stand at the position."""
    found = question.assistant.completions(question.path, question.document.index, question.position)
    if found is None:
        return None
    range_ = question.view.range(question.path, found.range)
    items = [
        types.CompletionItem(
            label=item.name,
            kind=_kind(item.subject),
            detail=item.detail or None,
            sort_text=f"{number:05}",
            filter_text=item.name,
            text_edit=types.TextEdit(range_, item.name),
        )
        for number, item in enumerate(found.items)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def definitions(question: Question) -> list[types.Location] | None:
    """Where what stands at the position is defined."""
    found = question.assistant.definitions(question.path, question.document.index, question.position)
    return [location(question.view, place) for place in found[1]] if found is not None else None


def about(question: Question) -> tuple[types.Range, Description] | None:
    """What there is to say about what stands at the position."""
    found = question.assistant.describe(question.path, question.document.index, question.position)
    return (question.view.range(question.path, found[0]), found[1]) if found is not None else None


def location(view: View, place: Place) -> types.Location:
    """A place in the client's terms."""
    return types.Location(view.uri(place.path), view.range(*place))


def _kind(subject: Subject) -> types.CompletionItemKind:
    from djguide_analyzers.assist import subjects

    kinds = types.CompletionItemKind
    match subject:
        case subjects.ModelSubject():
            return kinds.Class
        case subjects.FieldSubject():
            return kinds.Field
        case subjects.ReverseSubject():
            return kinds.Reference
        case subjects.MemberSubject():
            return kinds.Method
        case subjects.LookupSubject():
            return kinds.Operator
        case subjects.TextSubject(kind="template"):
            return kinds.File
        case subjects.TextSubject(kind="annotation"):
            return kinds.Variable
        case _:
            return kinds.Constant
