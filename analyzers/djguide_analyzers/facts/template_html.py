"""A light scanner over the HTML between template tags: where an output stands, and the forms.

It reads the text from top to bottom as if all branches were taken, and a template tag inside a start tag as
part of the attribute value it stands in. It follows browsers where they are lenient: a quote opens a value only
behind ``=``, and ``<`` opens a tag only before a letter.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OPENING = re.compile(r"<(?:!--|(/?[a-zA-Z][^\s/>]*))")
_IN_TAG = re.compile(r">|=\s*([\"']?)")
_VALUE_END = re.compile(r"[\s>]")
_NAME = re.compile(r"[^\s\"'<>/=]+")
_ENDINGS = {
    "script": re.compile(r"</(?=script[\s/>])", re.IGNORECASE),
    "style": re.compile(r"</(?=style[\s/>])", re.IGNORECASE),
}
_RECORDED = ("method", "action", "enctype")


class RawForm(NamedTuple):
    """A form element: its start tag, its end tag if there is one, as offsets; its attributes as written."""

    start: tuple[int, int]
    close: tuple[int, int] | None
    attributes: dict[str, str]
    csrf: bool


class _OpenForm:
    def __init__(self, start: int) -> None:
        self.start = start
        self.start_end = start
        self.close: tuple[int, int] | None = None
        self.attributes: dict[str, str] = {}
        self.csrf = False

    def set(self, name: str, value: str) -> None:
        if name in _RECORDED:
            self.attributes.setdefault(name, value)


class HtmlScanner:
    """Fed with the pieces of a template in order, it knows at any time where in the HTML it is.

    Attributes:
        place: ``text``, ``tag``, ``quoted`` (attribute value), ``unquoted``, ``script``, ``style`` or ``comment``.
    """

    def __init__(self) -> None:
        self.place = "text"
        self._element = ""  # of the start or end tag being read, with "/" in front of an end tag's
        self._element_start = 0
        self._quote = ""
        self._attribute = ""
        self._value: list[str] = []
        self._between = ""  # text inside the tag since the last value, when that can matter
        self._forms: list[_OpenForm] = []
        self._open: list[_OpenForm] = []
        self._form: _OpenForm | None = None  # whose start tag is being read

    def text(self, text: str, start: int) -> None:
        """Go on with plain text that stands at the offset `start`."""
        position = 0
        while position < len(text):
            position = _STEPS[self.place](self, text, position, start)

    def tag(self, source: str) -> None:
        """Go on with a template tag or variable, `source` as written."""
        if self.place in ("quoted", "unquoted"):
            self._value.append(source)
        elif self.place == "tag" and self._form is not None:
            # What it renders could complete a name, so the names around it are not to be put together.
            self._bare_attributes()

    def csrf_token(self) -> None:
        """Note that the token for cross-site request forgery is rendered here."""
        for form in self._open:
            form.csrf = True

    def forms(self, end: int) -> list[RawForm]:
        """All forms of the text, which ends at the offset `end`."""
        if self._form is not None:
            self._form.start_end = end
        return [RawForm((f.start, f.start_end), f.close, f.attributes, f.csrf) for f in self._forms]

    def _step_text(self, text: str, position: int, start: int) -> int:
        match = _OPENING.search(text, position)
        if match is None:
            return len(text)
        if match[1] is None:
            self.place = "comment"
        else:
            self._open_tag(match[1].lower(), start + match.start())
        return match.end()

    def _open_tag(self, element: str, start: int) -> None:
        self.place, self._element, self._element_start, self._between = "tag", element, start, ""
        if element == "form":
            self._form = _OpenForm(start)
            self._forms.append(self._form)
            self._open.append(self._form)

    def _step_tag(self, text: str, position: int, start: int) -> int:
        match = _IN_TAG.search(text, position)
        if match is None:
            if self._form is not None:
                self._between += text[position:]
            return len(text)
        if self._form is not None:
            self._between += text[position : match.start()]
        if match[0] == ">":
            self._close_tag(start + match.end())
            return match.end()
        self._attribute = self._bare_attributes(last_has_value=True)
        self._quote = match[1]
        self._value = []
        self.place = "quoted" if self._quote else "unquoted"
        return match.end()

    def _bare_attributes(self, *, last_has_value: bool = False) -> str:
        """Take the attributes of a form read so far that have no value; the last one, if it is to have one."""
        if self._form is None:
            return ""
        names = _NAME.findall(self._between.lower())
        last = names.pop() if last_has_value and names else ""
        for name in names:
            self._form.set(name, "")
        self._between = ""
        return last

    def _step_quoted(self, text: str, position: int, start: int) -> int:
        end = text.find(self._quote, position)
        if end < 0:
            self._value.append(text[position:])
            return len(text)
        self._value.append(text[position:end])
        self._close_value()
        return end + 1

    def _step_unquoted(self, text: str, position: int, start: int) -> int:
        match = _VALUE_END.search(text, position)
        end = match.start() if match else len(text)
        self._value.append(text[position:end])
        if match is not None:
            self._close_value()
        return end

    def _close_value(self) -> None:
        if self._form is not None and self._attribute:
            self._form.set(self._attribute, "".join(self._value))
        self.place, self._attribute, self._value = "tag", "", []

    def _close_tag(self, end: int) -> None:
        self._bare_attributes()
        self.place = self._element if self._element in _ENDINGS else "text"
        if self._form is not None:
            self._form.start_end = end
            self._form = None
        elif self._element == "/form":
            # Forms can't be nested: several open ones are start tags in different branches.
            for form in self._open:
                form.close = (self._element_start, end)
            self._open = []

    def _step_raw(self, text: str, position: int, start: int) -> int:
        """Inside of ``script`` or ``style``, where only their end tag counts."""
        match = _ENDINGS[self.place].search(text, position)
        if match is None:
            return len(text)
        self._open_tag("/" + self.place, start + match.start())
        return match.end() + len(self._element) - 1

    def _step_comment(self, text: str, position: int, start: int) -> int:
        end = text.find("-->", position)
        if end < 0:
            return len(text)
        self.place = "text"
        return end + len("-->")


_STEPS = {
    "text": HtmlScanner._step_text,
    "tag": HtmlScanner._step_tag,
    "quoted": HtmlScanner._step_quoted,
    "unquoted": HtmlScanner._step_unquoted,
    "script": HtmlScanner._step_raw,
    "style": HtmlScanner._step_raw,
    "comment": HtmlScanner._step_comment,
}
