"""Protects the agent from the code it runs, through prctl; the C half of ctypes alone is a tenth of its memory."""
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

try:
    import _ctypes

    _prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
except (ImportError, OSError):
    _prctl = None


def prctl(option, value):
    """The system call; false where it is refused or not to be had."""
    return _prctl is not None and _ctypes.call_function(_prctl, (option, value, 0, 0, 0)) == 0


def become_undumpable():
    """Nobody of the same user can trace this process or open its descriptors."""
    return prctl(PR_SET_DUMPABLE, 0)


def become_subreaper():
    """Orphans below this process become its children."""
    return prctl(PR_SET_CHILD_SUBREAPER, 1)
