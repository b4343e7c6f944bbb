"""How a Python interpreter is started: the code it is to run comes on descriptor 3."""
import marshal
import os
import sys

import _socket

from .process import spawn

LOADER = "import marshal,posix;c,l,j=marshal.loads(posix.read(3,1<<20));d={};exec(c,d);d['start'](c,l,j)"
_code = None


def zygote_code():
    """The compiled zygote, which is never imported here."""
    global _code
    if _code is None:
        source = __spec__.loader.get_source("clara_agent.zygote")
        _code = compile(source, "<frozen importlib._bootstrap>", "exec")
    return _code


def start_zygote(environment, cwd, preload):
    """Starts a warm interpreter; its pid and the agent's end of its socket."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        ours.setblocking(False)
        ours.send(marshal.dumps((zygote_code(), LOADER, {"preload": preload})))
        # No subreaper: what its runs leave behind becomes the agent's.
        pid = _spawn(environment, cwd, [null, null, null, theirs.fileno()], False)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(null)
    return pid, ours


def start_cold(environment, cwd, job, descriptors):
    """Runs one job in an interpreter of its own; its pid."""
    reader, writer = os.pipe()
    os.write(writer, marshal.dumps((zygote_code(), LOADER, job)))
    os.close(writer)
    try:
        return _spawn(environment, cwd, descriptors + [reader], True)
    finally:
        os.close(reader)


def _spawn(environment, cwd, descriptors, is_run):
    argv = [os.fsencode(sys.executable), b"-u", b"-c", LOADER.encode()]
    return spawn(argv, environment, cwd, descriptors, is_run)
