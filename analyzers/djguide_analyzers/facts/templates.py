"""Template text to facts: a pure function."""

from __future__ import annotations

import msgspec

from djguide_analyzers.facts.template_ir import TemplateFacts

FORMAT = "1"
"""Version of the facts; part of the cache's key, to be changed whenever `template_ir` or its meaning changes."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(TemplateFacts)


def template_facts(text: str) -> TemplateFacts:
    """What the template `text` says; never raises on any text."""
    # Django's template package takes 0.1 to 0.2 s to import: a run that finds all facts in the cache never pays.
    from djguide_analyzers.facts.template_parser import parse

    return parse(text)


def encode(facts: TemplateFacts) -> bytes:
    """Facts as bytes for the cache."""
    return _encoder.encode(facts)


def decode(blob: bytes) -> TemplateFacts:
    """Facts from bytes of the same `FORMAT`.

    Raises:
        msgspec.DecodeError: the bytes are something else.
    """
    return _decoder.decode(blob)
