"""Sent with `python3 -I -S -c`: starts the agent, or hands this exec's stdin and stdout to the one that runs."""
import os
import sys
import zlib

import _frozen_importlib
import _imp
import _signal
import _socket
import marshal
from _frozen_importlib_external import MAGIC_NUMBER
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

if sys.version_info < (3, 8):
    sys.exit("Clara needs Python 3.8 or newer; this image has %d.%d." % sys.version_info[:2])


def parse(text: str) -> "Any":
    """The value of a JSON text, without the import of json where its scanner is there."""
    try:
        from _json import make_scanner
    except ImportError:
        from json import loads
        return loads(text)
    options = {"strict": True, "object_hook": None, "object_pairs_hook": None, "parse_float": float, "parse_int": int, "parse_constant": None}
    return make_scanner(type("Options", (), options))(text, 0)[0]  # pyright: ignore[reportArgumentType]


def read(size: int) -> bytes:
    """The next `size` bytes of stdin; ends the program where there are fewer."""
    parts = []
    while size:
        part = os.read(0, min(size, 65536))
        if not part:
            sys.exit("the stream ended before the agent's source")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


# Modules begin with it, and are compiled as it says without the import that it would cost.
FUTURE = "from __future__ import annotations"
ANNOTATIONS = compile(FUTURE, "", "exec").co_flags & ~compile("", "", "exec").co_flags


def compile_source(source: str, file: str) -> "CodeType":
    """The code of a module, without what is for readers."""
    return compile(source.replace(FUTURE, "", 1), file, "exec", ANNOTATIONS, True, 2)


# Where an image has modules of the agent that were compiled when it was made.
COMPILED = "/usr/lib/clara/agent/"


def stamp_of(source: str) -> bytes:
    """What the compiled code of a source begins with: by which Python, and of what it was made."""
    return MAGIC_NUMBER + _imp.source_hash(0, source.encode())


def compiled_code(name: str, source: str, file: str) -> "CodeType | None":
    """The code of a module that the image has, made by this Python of the same source; None where there is none."""
    try:
        descriptor = os.open(COMPILED + name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        content = os.read(descriptor, 1 << 18)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    stamp = stamp_of(source)
    if not content.startswith(stamp):
        return None
    try:
        code = marshal.loads(memoryview(content)[len(stamp) :])
        _imp._fix_co_filename(code, file)  # pyright: ignore[reportAttributeAccessIssue]
    except (EOFError, TypeError, ValueError):
        return None
    return code


class Bundle:
    """Imports `clara_agent.*` from the source in memory; a module that the image has not is compiled when it is first needed."""

    def __init__(self, sources: "dict[str, str]") -> None:
        self.sources = sources
        self.packages = {""}.union(name.rpartition(".")[0] for name in sources)

    def code_of(self, name: str, file: str) -> "CodeType":
        """The compiled code of a module, by its name below the package, without what is for readers: that takes time and memory."""
        source = self.sources.get(name, "")
        return compiled_code(name, source, file) or compile_source(source, file)

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        package, _, module = name.partition(".")
        if package == "clara_agent":
            is_package = module in self.packages
            if is_package or module in self.sources:
                return _frozen_importlib.ModuleSpec(name, self, origin=name, is_package=is_package)  # pyright: ignore[reportArgumentType]

    def create_module(self, spec: "ModuleSpec") -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        name = module.__name__.partition(".")[2]
        exec(self.code_of(name, "<clara_agent>/%s.py" % name.replace(".", "/")), module.__dict__)


def hand_over(peer: _socket.socket, secret: str) -> None:
    """Gives stdin and stdout to the agent that runs; ends the program where it does not take them."""
    peer.settimeout(10)
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, (0).to_bytes(4, sys.byteorder) + (1).to_bytes(4, sys.byteorder))
    peer.sendmsg([('{"secret":"%s"}' % secret).encode()], [rights])
    if peer.recv(16) != b"taken":
        sys.exit("the agent refused this stream")


def keep_open(agent: _socket.socket) -> None:
    """Keeps the exec alive for as long as the agent, or until it kills this: its end of the socket closes when it dies."""
    agent.setblocking(True)
    null = os.open("/dev/null", os.O_RDWR)
    for fd, target in enumerate((agent.fileno(), null, null)):
        os.dup2(target, fd)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    try:
        os.execvp("cat", ["cat"])
    except OSError:
        while os.read(0, 64):
            pass
        os._exit(0)


def holders(name: str) -> "Iterator[int]":
    """Who has a socket of this name open; itself not."""
    # The names of others may be any bytes.
    with open("/proc/net/unix", errors="replace") as sockets:
        links = ["socket:[%s]" % words[6] for words in map(str.split, sockets) if words[7:] == ["@" + name]]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        folder = "/proc/%s/fd/" % pid
        try:
            if int(pid) != os.getpid() and any(os.readlink(folder + fd) in links for fd in os.listdir(folder)):
                yield int(pid)
        except OSError:
            pass  # It has ended.


def listeners(peer: _socket.socket, name: str) -> "Iterable[int]":
    """Who has to end so that the name is free."""
    pid = int.from_bytes(peer.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[:4], sys.byteorder)
    # gVisor names the process that asks.
    return holders(name) if pid == os.getpid() else [pid] if pid > 1 else []


def main() -> None:
    """Reads the header and the agent's source, and becomes the agent, or gives its stream to the one that runs."""
    size = b""
    while not size.endswith(b"\n"):
        if len(size) > 8:
            sys.exit("the header has no length")
        size += read(1)
    header = parse(read(int(size)).decode())
    source = read(header["source"])
    address = "\0" + header["socket"]
    replace = header.get("replace")
    deadline = monotonic() + 15
    while monotonic() < deadline:
        listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        try:
            listener.bind(address)
            break
        except OSError:
            listener.close()
        peer = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        peer.settimeout(5)
        try:
            peer.connect(address)
            if not replace:
                hand_over(peer, header["secret"])
                keep_open(peer)
            for pid in listeners(peer, header["socket"]):
                os.kill(pid, 9)
        except OSError:
            pass  # It is ending, or has bound its name but does not listen yet: both are over soon.
        peer.close()
        sleep(0.005)
    else:
        sys.exit("the agent's socket is taken")
    keeper = os.getpid()
    line, end = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    if os.fork():
        listener.close()
        line.close()
        keep_open(end)
    end.close()
    os.setsid()
    sys.meta_path.insert(0, Bundle(parse(zlib.decompress(source).decode())))
    from clara_agent.main import main
    main(header, listener, keeper, line)


if __name__ == "__main__":
    main()
