"""The table of operations; the code behind each is loaded when it is first called."""
from .errors import Failure

TABLE = {
    "run": ("run", "Run"),
    "stat": ("files", "Stat"),
    "list": ("listing", "List"),
    "read": ("read", "Read"),
    "write": ("write", "Write"),
    "remove": ("remove", "Remove"),
    "mkdir": ("files", "Mkdir"),
    "move": ("files", "Move"),
    "extract": ("archives", "Extract"),
    "pack": ("archives", "Pack"),
    "unpack": ("archives", "Unpack"),
    "tunnel": ("tunnel", "Tunnel"),
    "usage": ("usage", "Usage"),
    "line": ("line", "Line"),
    "load": ("load", "Load"),
}


def find_operation(name):
    """The class that answers an operation."""
    if name not in TABLE:
        raise Failure("unsupported", "There is no operation of this name.")
    module, attribute = TABLE[name]
    return getattr(__import__("clara_agent." + module, None, None, [attribute]), attribute)
