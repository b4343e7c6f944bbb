"""How a process ended, in the words of the protocol."""
import os

import _signal

_NAMES = {getattr(_signal, name): name for name in dir(_signal) if name.startswith("SIG") and not name.startswith(("SIG_", "SIGRT", "SIGCLD", "SIGPOLL"))}


def ending(status):
    """(exitCode, signal name or None) of a wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return 128 + number, _NAMES.get(number, "SIG%d" % number)
    return os.WEXITSTATUS(status), None
