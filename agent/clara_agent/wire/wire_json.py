"""JSON for the wire, straight on the C accelerators: the json package would bring `re` and a megabyte with it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.contracts import Bytes
try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:
    make_scanner = None


def _constant(name: str) -> None:
    raise ValueError("%s is not JSON" % name)


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("the number is too long")
    return int(digits)


def _refuse(value: Any) -> None:
    raise TypeError("%s cannot be JSON" % type(value).__name__)


class _Options:
    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(_constant)


if make_scanner:
    _scan = make_scanner(_Options)  # pyright: ignore[reportArgumentType]
    _encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, False)  # pyright: ignore[reportPossiblyUnboundVariable]


def dumps(value: Any) -> bytes:
    """The value as ASCII bytes; lone surrogates become escapes."""
    if make_scanner:
        return "".join(_encode(value, 0)).encode("ascii")
    from json import dumps as slow

    return slow(value, separators=(",", ":")).encode("ascii")


def loads(data: Bytes) -> Any:
    """The value that the bytes say; ValueError for anything else."""
    text = str(data, "utf-8").strip(" \t\r\n")
    try:
        if make_scanner:
            value, end = _scan(text, 0)
            if end != len(text):
                raise ValueError("there is more after the JSON")
            return value
        from json import loads as slow

        return slow(text, parse_int=_integer, parse_constant=_constant)
    except (StopIteration, RecursionError) as error:
        raise ValueError("not JSON") from error
