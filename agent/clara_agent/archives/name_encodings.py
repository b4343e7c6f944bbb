"""The encodings that names may be said to be in."""

from __future__ import annotations

import codecs

from ..wire.errors import Failure

MAX_SHOWN = 40


def to_codec(name: str | None) -> str | None:
    """Python's own name for an encoding of text, None for None; a Failure where it has none of that name."""
    if name is None:
        return None
    try:
        # Codecs of other things than text have names as well, and this refuses them.
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise Failure("unknown_encoding", "There is no encoding %s; take one of Python's, such as gbk, shift_jis or cp866." % ascii(name[:MAX_SHOWN])) from None
