"""How far a process is, and why one is ended."""

# The states, in their order; none is entered twice.
STARTING, RUNNING, ENDED, DRAINED = "starting", "running", "ended", "drained"

# Why a program is ended before its time.
TIMEOUT, CANCELLED, UNHEARD = "timeout", "cancelled", "unheard"

# How long a result waits for the status of a process whose tree is gone, and what is taken for it then: that of SIGKILL.
STATUS_SECONDS = 2
KILLED_STATUS = 9
