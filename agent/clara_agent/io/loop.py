"""The event loop: one thread, epoll, timers. asyncio would cost more memory than all of the agent."""

from __future__ import annotations

from _heapq import heapify, heappop, heappush
from errno import ENOMEM, ENOSPC
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, epoll, poll
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ = EPOLLIN
WRITE = EPOLLOUT
GONE = EPOLLHUP | EPOLLERR


# Seconds between two looks at the clock while a timer runs, and how late one must come to mean that the sandbox was frozen,
# for which no clock stands still.
TICK = 1.0
STANDSTILL = 1.5
# How many timers there are before those that were taken back are looked for.
LEAST_TIMERS = 256


def _was_stopped() -> bool:
    # Code in the sandbox may stop its agent, and must continue it before that does anything: no time stands still for this. The
    # signal is held back, so that it is seen here.
    import _signal

    return _signal.SIGCONT in _signal.sigpending() and _signal.sigtimedwait([_signal.SIGCONT], 0) is not None


class Timer:
    """A call to come; `cancel` takes it back."""

    __slots__ = ("when", "call")

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call = call

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when

    def cancel(self) -> None:
        self.call = None


class Loop:
    """Calls back when descriptors are ready, timers are due or a turn ends."""

    def __init__(self) -> None:
        self._epoll = epoll()
        self._callbacks = {}
        # What epoll has no room for: the kernel counts its watches for a user, and code of the same user can take them all.
        self._unwatched: dict[int, int] = {}
        self._timers = []
        self._most_timers = LEAST_TIMERS
        self._soon = []
        self._removed = set()
        self.turn_ends = []

    def add(self, fd: int, events: int, callback: Callable[[int], object]) -> None:
        """Calls `callback(events)` whenever the descriptor is ready."""
        if not self._watch(fd, events):
            self._unwatched[fd] = events
        self._callbacks[fd] = callback

    def modify(self, fd: int, events: int) -> None:
        """Waits for other events of a known descriptor."""
        if fd in self._unwatched:
            self._unwatched[fd] = events
        else:
            self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forgets a descriptor; must come before it is closed."""
        if self._callbacks.pop(fd, None):
            self._removed.add(fd)
            if self._unwatched.pop(fd, None) is None:
                self._epoll.unregister(fd)

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Calls once, after N seconds."""
        timer = Timer(monotonic() + seconds, call)
        heappush(self._timers, timer)
        if len(self._timers) > self._most_timers:
            self._drop_cancelled()
        return timer

    def soon(self, call: Callable[[], object]) -> None:
        """Calls once, in the next turn."""
        self._soon.append(call)

    def run(self) -> None:
        """Turns for ever."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Waits for whatever comes first and answers it."""
        callbacks = self._callbacks
        # Only those of earlier turns: what they wait for may be the write at the end of this one.
        calls, self._soon = self._soon, []
        timeout = 0 if calls else self._timeout()
        before = monotonic()
        ready = self._epoll.poll(timeout) if not self._unwatched else self._poll_all(timeout)
        if self._timers:
            self._allow_for_standstill(monotonic() - before - max(0, timeout))
        for fd, events in ready:
            callback = callbacks.get(fd)
            # A number that was freed in this turn may stand for something new by now.
            if callback and fd not in self._removed:
                callback(events)
        self._removed.clear()
        for call in calls:
            call()
        self._fire()
        for call in self.turn_ends:
            call()

    def _watch(self, fd: int, events: int) -> bool:
        try:
            self._epoll.register(fd, events)
        except OSError as error:
            if error.errno not in (ENOSPC, ENOMEM):
                raise
            return False
        return True

    def _poll_all(self, timeout: float) -> list[tuple[int, int]]:
        """As epoll's poll, with what it has no room for; that is given to it once it has."""
        for fd, events in list(self._unwatched.items()):
            if not self._watch(fd, events):
                break
            del self._unwatched[fd]
        watched = self._epoll.fileno()
        waiting = poll()
        waiting.register(watched, READ)
        for fd, events in self._unwatched.items():
            waiting.register(fd, events)
        ready = waiting.poll(timeout * 1000 if timeout >= 0 else None)
        if (watched, READ) in ready:
            ready.remove((watched, READ))
            ready += self._epoll.poll(0)
        return ready

    def _drop_cancelled(self) -> None:
        """Lets go of timers that were taken back: an hour is long where many runs a second may take one."""
        self._timers[:] = [timer for timer in self._timers if timer.call]
        heapify(self._timers)
        self._most_timers = max(LEAST_TIMERS, 2 * len(self._timers))

    def _timeout(self) -> float:
        timers = self._timers
        while timers and timers[0].call is None:
            heappop(timers)
        if not timers:
            return -1
        return min(TICK, max(0, timers[0].when - monotonic()))

    def _allow_for_standstill(self, late: float) -> None:
        if late < STANDSTILL or _was_stopped():
            return
        for timer in self._timers:
            timer.when += late

    def _fire(self) -> None:
        timers = self._timers
        if not timers:
            return
        now = monotonic()
        while timers and (timers[0].call is None or timers[0].when <= now):
            call = heappop(timers).call
            if call:
                call()
