"""Templates to facts: blocks, tags and HTML in one pass over Django's tokens.

Which end tag belongs to which tag is decided before anything is built. A tag that is not Django's own is taken
for a block exactly when its end tag follows, so no tag library has to be known. What Django's parser would
refuse becomes a problem and costs only itself: a block whose end tag is missing ends where its parent ends, an
end tag without a beginning is dropped, and a tag with arguments that can't be read keeps its body.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from django.template.base import TokenType

from djguide_analyzers.facts import template_ir as ir
from djguide_analyzers.facts.spans import pack
from djguide_analyzers.facts.template_html import HtmlScanner
from djguide_analyzers.facts.template_syntax import Reader, UnreadableTag
from djguide_analyzers.facts.template_tags import BLOCKS, INLINE, RawTag, generic
from djguide_analyzers.facts.template_tokens import Piece, pair_blocks, pieces_of
from djguide_analyzers.source.positions import LineIndex

_MAX_DEPTH = 80
"""Blocks nested deeper than this are dissolved into their parents; Django itself gives up at a few hundred."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_DIRECTIVE = re.compile(r"\{#\s*djguide\s*:", re.IGNORECASE)
_CSRF_OUTPUT = re.compile(r"csrf_token(?![\w.])")
_BLOCK_NAMES = {*BLOCKS, "if", "comment"}
_DIVIDERS = {"elif", "else", "empty", "plural"}


def parse(text: str) -> ir.TemplateFacts:
    """What the template `text` says; never raises on any text."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)  # half a character can't be stored
    return _Parser(text).facts()


class _Frame:
    """A block whose end has not come yet; `body` is where its next node goes, `node` None if it is dissolved."""

    def __init__(self, opener: int, node: ir.BlockNode | None, body: list[ir.TemplateNode]) -> None:
        self.opener = opener
        self.node = node
        self.body = body


class _Parser:
    """One template on its way to facts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = LineIndex(text)
        self.reader = Reader(text)
        self.html = HtmlScanner()
        self.comments: list[ir.Comment] = []
        self.problems: list[tuple[int, str]] = []
        self.pieces = pieces_of(text)
        self.closes = pair_blocks(self.pieces)
        self.opens = {close: opener for opener, close in self.closes.items()}
        self.nodes: list[ir.TemplateNode] = []
        self.frames = [_Frame(-1, None, self.nodes)]
        self.too_deep = False

    def facts(self) -> ir.TemplateFacts:
        number = 0
        while number < len(self.pieces):
            piece = self.pieces[number]
            if piece.kind is TokenType.TEXT:
                self.html.text(piece.contents, piece.start)
            elif piece.kind is TokenType.COMMENT:
                self._comment(piece)
            elif piece.kind is TokenType.VAR:
                self._output(piece)
            elif piece.name == "comment":
                number = self._skip_comment(number)
            else:
                self._tag(number, piece)
            number += 1
        self._close_down_to(1)
        forms = self._forms()
        problems = [
            ir.Problem(*self.lines.position(offset), message) for offset, message in sorted(self.problems)
        ]
        return ir.TemplateFacts(self.nodes, self._spans(), forms, self.comments, problems)

    def _problem(self, offset: int, message: str) -> None:
        self.problems.append((offset, message))

    @property
    def _translated(self) -> bool:
        """Whether this is directly inside of ``blocktranslate``, which has a grammar of its own."""
        return isinstance(self.frames[-1].node, ir.BlockTranslate)

    # --- tokens ------------------------------------------------------------------------------------------

    def _skip_comment(self, number: int) -> int:
        """The number of the end tag of a ``{% comment %}``."""
        piece = self.pieces[number]
        if self._translated:
            self._refuse_in_translation(piece)
        close = self.closes.get(number)
        if close is None:
            self._problem(piece.start, "Unclosed 'comment': no matching 'endcomment'")
            return number
        ends: set[str] = set()
        for inside in reversed(self.pieces[number + 1 : close]):
            ends.add(inside.contents)
            if inside.name == "verbatim" and f"end{inside.contents}" not in ends:
                # The one tag that counts in a comment: Django's lexer would swallow the comment's end, too.
                self._problem(inside.start, "Unclosed 'verbatim': no matching 'endverbatim'")
        return close

    def _comment(self, piece: Piece) -> None:
        if self._translated:
            self._problem(piece.start, "A translated block can't hold a comment")
        source = self.text[piece.start : piece.end]
        if _DIRECTIVE.match(source):
            line, column = self.lines.position(piece.start)
            around = self.lines.line(line)
            alone = not around[:column].strip() and not around[column + len(source) :].strip()
            self.comments.append(ir.Comment(line, column, source, alone))

    def _output(self, piece: Piece) -> None:
        if _CSRF_OUTPUT.match(piece.contents):
            self.html.csrf_token()
        spans = len(self.reader.spans)
        at = self.reader.mark(piece.start, piece.end)
        try:
            value = self.reader.expression(piece.contents_in(self.text))
        except UnreadableTag as error:
            del self.reader.spans[spans:]
            if not self._translated:  # there, Django takes the whole of it as a name
                self._problem(error.offset if piece.contents else piece.start, error.message)
        else:
            self.frames[-1].body.append(ir.Output(at, value, self.html.place))
        self.html.tag(self.text[piece.start : piece.end])

    def _tag(self, number: int, piece: Piece) -> None:
        if not piece.name:
            self._problem(piece.start, "Empty tag")
        elif number in self.opens:
            self._close(number, piece)
        elif number not in self.closes and piece.name in _DIVIDERS:
            self._divide(piece)
        elif piece.name.startswith("end") and piece.name[3:] in _BLOCK_NAMES:
            self._problem(piece.start, f"Unexpected '{piece.name}': no matching '{piece.name[3:]}'")
        else:
            self._open(number, piece)
        self.html.tag(self.text[piece.start : piece.end])

    # --- blocks ------------------------------------------------------------------------------------------

    def _open(self, number: int, piece: Piece) -> None:
        """A tag that stands alone or begins a block."""
        if self._translated:
            self._refuse_in_translation(piece)
        if piece.name == "csrf_token":
            self.html.csrf_token()
        tag = RawTag(piece.name, piece.arguments_in(self.text), piece.start, piece.end)
        block = self._block(tag, closed=number in self.closes)
        if block is None:
            self.frames[-1].body.append(self._inline(tag))
        elif len(self.frames) > _MAX_DEPTH:
            if not self.too_deep:
                self._problem(piece.start, "Blocks are nested too deeply to be analysed")
            self.too_deep = True
            self.frames.append(_Frame(number, None, self.frames[-1].body))
        else:
            parent = self.frames[-1].body
            parent.append(block)
            self.frames.append(_Frame(number, block, _body(block, parent)))

    def _refuse_in_translation(self, piece: Piece) -> None:
        self._problem(piece.start, f"A translated block can't hold another tag: '{piece.name}'")

    def _block(self, tag: RawTag, *, closed: bool) -> ir.BlockNode | None:
        """The node of a tag that has a body, None for others; a tag that can't be read becomes a generic one."""
        if tag.name == "if":
            branch = self._branch(tag)
            return ir.If(branch.at, None, [branch])
        read = BLOCKS.get(tag.name)
        if read is None:
            return generic(self.reader, tag) if closed else None
        spans = len(self.reader.spans)
        try:
            return read(self.reader, tag)
        except UnreadableTag as error:
            return self._unreadable(tag, error, spans)

    def _inline(self, tag: RawTag) -> ir.TemplateNode:
        read = INLINE.get(tag.name)
        if read is None:
            return generic(self.reader, tag)
        spans = len(self.reader.spans)
        try:
            return read(self.reader, tag)
        except UnreadableTag as error:
            return self._unreadable(tag, error, spans)

    def _unreadable(self, tag: RawTag, error: UnreadableTag, spans: int) -> ir.Tag:
        del self.reader.spans[spans:]
        self._problem(error.offset, error.message)
        return generic(self.reader, tag)

    def _branch(self, tag: RawTag) -> ir.Branch:
        """An ``if`` or ``elif``; the condition is empty when it can't be read."""
        at = self.reader.mark(tag.start, tag.end)
        spans = len(self.reader.spans)
        try:
            condition = self.reader.condition(tag.bits, tag.start)
        except UnreadableTag as error:
            del self.reader.spans[spans:]
            self._problem(error.offset, error.message)
            condition = ir.Condition(self.reader.mark(tag.start, tag.end), [])
        return ir.Branch(at, condition, [])

    def _divide(self, piece: Piece) -> None:
        """``else``, ``elif``, ``empty`` or ``plural``: the block it belongs to goes on with another body.

        Blocks in between that have no end tag end here; one that has can't be crossed.
        """
        tag = RawTag(piece.name, piece.arguments_in(self.text), piece.start, piece.end)
        for depth in range(len(self.frames) - 1, 0, -1):
            frame = self.frames[depth]
            body = self._division(frame, tag)
            if body is not None:
                self._close_down_to(depth + 1)
                frame.body = body
                return
            if frame.opener in self.closes:
                break
        self._problem(piece.start, f"Unexpected '{piece.name}'")

    def _division(self, frame: _Frame, tag: RawTag) -> list[ir.TemplateNode] | None:
        """The body of the block of `frame` that begins with `tag`, None if it does not take that tag."""
        node = frame.node
        match node, tag.name:
            case ir.Tag(), _ if frame.opener in self.closes:
                frame.body.append(generic(self.reader, tag))
                return frame.body
            case None, _:
                return frame.body
            case ir.If(), "elif" if node.branches[-1].condition is not None:
                branch = self._branch(tag)
                node.branches.append(branch)
                return branch.body
            case ir.If(), "else" if node.branches[-1].condition is not None:
                branch = ir.Branch(self.reader.mark(tag.start, tag.end), None, [])
                node.branches.append(branch)
                body = branch.body
            case ir.For(), "empty" if node.empty is None:
                body = node.empty = []
            case ir.Ifchanged(), "else" if node.orelse is None:
                body = node.orelse = []
            case ir.BlockTranslate(), "plural" if node.plural is None:
                body = node.plural = []
                if node.count is None:
                    self._problem(tag.start, "'plural' needs a translated block with 'count'")
            case _:
                return None
        if tag.bits:
            self._problem(tag.bits[0].start, f"'{tag.name}' takes no arguments")
        return body

    def _close(self, number: int, piece: Piece) -> None:
        """An end tag that has a beginning."""
        opener = self.opens[number]
        while self.frames[-1].opener != opener:
            self._close_down_to(len(self.frames) - 1)
        node = self.frames.pop().node
        if node is None:
            return
        node.close = self.reader.mark(piece.start, piece.end)
        if isinstance(node, ir.Block):
            if piece.contents not in ("endblock", f"endblock {node.name.id}"):
                self._problem(piece.start, f"'{piece.contents}' does not end the block '{node.name.id}'")
        elif isinstance(node, ir.If | ir.BlockTranslate) and piece.contents != piece.name:
            self._problem(piece.start, f"'{piece.name}' takes no arguments")
        if isinstance(node, ir.BlockTranslate) and node.count is not None and node.plural is None:
            self._problem(self.pieces[opener].start, "A translated block with 'count' needs 'plural'")

    def _close_down_to(self, depth: int) -> None:
        """End the blocks at `depth` and deeper, which have no end tag."""
        for frame in self.frames[depth:]:
            piece = self.pieces[frame.opener]
            self._problem(piece.start, f"Unclosed '{piece.name}': no matching 'end{piece.name}'")
        del self.frames[depth:]

    # --- results -----------------------------------------------------------------------------------------

    def _forms(self) -> list[ir.Form]:
        mark = self.reader.mark
        forms: list[ir.Form] = []
        for form in self.html.forms(len(self.text)):
            get = form.attributes.get
            at = mark(*form.start)
            close = mark(*form.close) if form.close else None
            forms.append(ir.Form(at, close, get("method"), get("action"), get("enctype"), form.csrf))
        return forms

    def _spans(self) -> bytes:
        starts = self.lines.starts
        numbers: list[int] = []
        for start, end in self.reader.spans:
            line, end_line = bisect_right(starts, start) - 1, bisect_right(starts, end) - 1
            numbers += (line, start - starts[line], end_line, end - starts[end_line])
        return pack(numbers)


def _body(node: ir.BlockNode, parent: list[ir.TemplateNode]) -> list[ir.TemplateNode]:
    """Where the nodes inside of a new block go."""
    match node:
        case ir.If():
            return node.branches[0].body
        case ir.Verbatim():
            return parent  # nothing is inside, but what follows is if the end tag is missing
        case ir.Tag():
            node.body = []
            return node.body
        case _:
            return node.body
