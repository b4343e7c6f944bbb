"""The table of operations; the code behind each is loaded when it is first called."""

from __future__ import annotations

from .wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire.operation import Operation

TABLE = {
    "run": ("processes.run", "Run"),
    "start": ("processes.table_operations", "Start"),
    "attach": ("processes.reading", "Attach"),
    "view": ("processes.terminal_operations", "View"),
    "resize": ("processes.terminal_operations", "Resize"),
    "signal": ("processes.table_operations", "Signal"),
    "input": ("processes.table_operations", "Input"),
    "wait": ("processes.table_operations", "Wait"),
    "forget": ("processes.table_operations", "Forget"),
    "awake": ("processes.table_operations", "Awake"),
    "processes": ("processes.table_operations", "Processes"),
    "output": ("processes.reading", "Output"),
    "context": ("contexts.context_operations", "Make"),
    "contexts": ("contexts.context_operations", "Contexts"),
    "cell": ("contexts.cell", "Cell"),
    "cell_start": ("contexts.start_cell", "StartCell"),
    "context_interrupt": ("contexts.context_operations", "Interrupt"),
    "context_restart": ("contexts.context_operations", "Restart"),
    "context_delete": ("contexts.context_operations", "Delete"),
    "stat": ("files.files", "Stat"),
    "entry": ("files.entries", "Entry"),
    "list": ("files.listing", "List"),
    "read": ("files.read", "Read"),
    "write": ("files.write", "Write"),
    "remove": ("files.remove", "Remove"),
    "mkdir": ("files.files", "Mkdir"),
    "move": ("files.moving", "Move"),
    "copy": ("files.copying", "Copy"),
    "chmod": ("files.modes", "Chmod"),
    "glob": ("files.glob", "Glob"),
    "search": ("files.search", "Search"),
    "edit": ("files.edit", "Edit"),
    "watch": ("watching.watch", "Watch"),
    "settle": ("watching.watch", "Settle"),
    "hash": ("files.hashing", "Hash"),
    "extract": ("archives.archives", "Extract"),
    "pack": ("archives.archives", "Pack"),
    "unpack": ("archives.archives", "Unpack"),
    "tunnel": ("network.tunnel", "Tunnel"),
    "ports": ("host.ports", "Ports"),
    "usage": ("host.usage", "Usage"),
    "socket": ("wire.socket_transport", "SocketTransport"),
    "load": ("host.load", "Load"),
}


def find_operation(name: str) -> type[Operation]:
    """The class that answers an operation."""
    if name not in TABLE:
        raise Failure("unsupported", "There is no operation of this name.")
    module, attribute = TABLE[name]
    return getattr(__import__("clara_agent." + module, None, None, [attribute]), attribute)
