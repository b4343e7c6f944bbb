"""Runs in the warm interpreter, never in the agent: forks itself for each Python run.

Compiled by the agent under the name of the import machinery, whose frames tracebacks and warnings leave out. It must leave nothing in
`sys.modules` that a fresh interpreter would not have, and it runs the user's code with one frame of its own below it.
"""
import sys

KNOWN = set(sys.modules)

import _ctypes
import _signal
import _socket
import gc
import marshal
import posix
from select import POLLIN, poll

for _name in set(sys.modules) - KNOWN:
    del sys.modules[_name]
del _name

READY, IMPORTING, BROKEN, STARTED, EXITED, REFUSED = range(1, 7)
HEAVY_MODULES = 40
HEAVY_NAMES = ("numpy", "pandas", "matplotlib", "scipy", "sklearn", "PIL", "requests", "sympy")
LIBC = _ctypes.dlopen(None, 0)
PRCTL = _ctypes.dlsym(LIBC, "prctl")
FFLUSH = _ctypes.dlsym(LIBC, "fflush")


class _Unwind(BaseException):
    """Leaves every frame of the zygote, so that the user's code starts on an empty stack."""


class Zygote:
    """Answers the agent's requests with forks and reports how they end."""

    def __init__(self, channel, preload):
        self.channel = channel
        self.children = {}
        self.path = [entry for entry in sys.path if entry]
        for number, name in enumerate(preload):
            self.report(IMPORTING, number)
            try:
                __import__(name)
            except BaseException:
                self.report(BROKEN, number)
        sys.path[:] = self.path
        self.preloaded = {name.partition(".")[0] for name in set(sys.modules) - KNOWN}
        KNOWN.update(sys.modules)

    def report(self, kind, number=0, pid=0, status=0):
        """Tells the agent; without an agent there is nothing left to do."""
        message = b"".join(value.to_bytes(4, "little", signed=True) for value in (kind, number, pid, status))
        try:
            self.channel.send(message)
        except OSError:
            posix._exit(0)

    def serve(self):
        """Never returns: in the zygote it loops, in a fork it raises _Unwind."""
        self.wake, self.writer = posix.pipe()
        posix.set_blocking(self.wake, False)
        posix.set_blocking(self.writer, False)
        _signal.signal(_signal.SIGCHLD, _ignore)
        _signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        poller = poll()
        poller.register(self.channel, POLLIN)
        poller.register(self.wake, POLLIN)
        gc.collect()
        gc.freeze()
        self.report(READY)
        while True:
            for descriptor, _ in poller.poll():
                if descriptor == self.wake:
                    posix.read(self.wake, 4096)
                    self.reap()
                else:
                    self.answer()

    def reap(self):
        """Reports every fork that has ended."""
        while True:
            try:
                pid, status = posix.waitpid(-1, posix.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            number = self.children.pop(pid, None)
            if number is not None:
                self.report(EXITED, number, pid, status)

    def answer(self):
        """Forks for one request."""
        data, ancillary, _, _ = self.channel.recvmsg(1 << 18, _socket.CMSG_SPACE(8), _socket.MSG_CMSG_CLOEXEC)
        if not data:
            posix._exit(0)
        descriptors = []
        for _, _, rights in ancillary:
            descriptors += [int.from_bytes(rights[at : at + 4], sys.byteorder) for at in range(0, len(rights), 4)]
        job = marshal.loads(data)
        try:
            pid = posix.fork()
        except OSError as error:
            self.report(REFUSED, job["id"], 0, error.errno)
        else:
            if not pid:
                self.become(job, descriptors)
            self.children[pid] = job["id"]
        for descriptor in descriptors:
            posix.close(descriptor)

    def become(self, job, descriptors):
        """Turns the fork into the process that runs the job."""
        posix.setsid()
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        _ctypes.call_function(PRCTL, (36, 1, 0, 0, 0))
        self.report(STARTED, job["id"], posix.getpid())
        for number, descriptor in enumerate(descriptors, 1):
            posix.dup2(descriptor, number)
        for descriptor in descriptors:
            posix.close(descriptor)
        posix.close(self.wake)
        posix.close(self.writer)
        self.channel.close()
        job["path"] = self.path
        job["preloaded"] = self.preloaded
        _unwind_into(job)


def _ignore(number, frame):
    pass


def _unwind_into(job):
    global JOB
    JOB = job
    sys.excepthook = _call_with_frames_removed
    raise _Unwind


def _call_with_frames_removed(*_):
    """Runs the job: the interpreter calls it as the hook for _Unwind, with no Python frame below."""
    del _
    job = _prepare()
    namespace, code = _load(job)
    error = None
    try:
        exec(code, namespace)
    except BaseException as caught:
        error = caught.with_traceback(caught.__traceback__.tb_next)
    del namespace, code
    status = _status_of(error)
    del error
    _finish(job, status)


def _prepare():
    global JOB
    job, JOB = JOB, None
    sys.excepthook = sys.__excepthook__
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    cwd = job["cwd"]
    try:
        posix.chdir(cwd)
    except OSError as error:
        posix.write(2, ("cannot enter the working folder: %s\n" % error.strerror).encode())
        posix._exit(1)
    if job["preloaded"] and _is_shadowed(cwd, job["preloaded"]):
        _start_cold(job)
    folder = sys.modules["os"].fsdecode(cwd)
    sys.path[:] = [folder] + job["path"]
    sys.argv[:] = [job["script"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.orig_argv[0], "-u", job["script"]]
    if job["env"]:
        sys.modules["os"].environb.update(job["env"])
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random:
        numpy_random.seed()
    return job


def _is_shadowed(cwd, names):
    try:
        entries = posix.listdir(cwd)
    except OSError:
        return False
    folder = sys.modules["os"].fsdecode(cwd)
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    for name in names.intersection([entry.partition(b".")[0].decode("utf-8", "replace") for entry in entries]):
        spec = finder.find_spec(name, [folder])
        if spec and spec.loader:
            return True
    return False


def _start_cold(job):
    """Becomes a fresh interpreter that runs the job: what is preloaded here would be in its way."""
    reader, writer = posix.pipe()
    posix.write(writer, marshal.dumps((SELF, LOADER, {"id": 0, "script": job["script"], "cwd": job["cwd"], "env": {}, "report": job["report"]})))
    if reader == 3:
        posix.set_inheritable(3, True)
    else:
        posix.dup2(reader, 3)
    environment = dict(sys.modules["os"].environb)
    environment.update(job["env"])
    posix.execve(sys.executable, [sys.orig_argv[0] if hasattr(sys, "orig_argv") else "python3", "-u", "-c", LOADER], environment)


def _load(job):
    script = job["script"]
    main = type(sys)("__main__")
    namespace = main.__dict__
    namespace["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", script)
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__file__"] = script
    namespace["__cached__"] = None
    sys.modules["__main__"] = main
    try:
        descriptor = posix.open(script, posix.O_RDONLY | posix.O_CLOEXEC)
        size = posix.fstat(descriptor).st_size
        source = posix.read(descriptor, size)
        posix.close(descriptor)
        if not source.isascii() and b"coding" not in b"".join(source.split(b"\n", 2)[:2]):
            # compile() does not mind bad bytes in comments.
            source.decode()
        return namespace, compile(source, script, "exec", 0, True)
    except BaseException:
        # A fresh interpreter words what is wrong with a script better than compile() does.
        posix.execve(sys.executable, [sys.executable, "-u", script], sys.modules["os"].environb)


def _status_of(error):
    """The exit status for how the script ended, after what CPython prints about it."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return _exit_code(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        _print("sys.excepthook is missing\n")
        hook = sys.__excepthook__
    problem = None
    try:
        hook(type(error), error, error.__traceback__)
    except SystemExit as caught:
        return _exit_code(caught)
    except BaseException as caught:
        problem = caught.with_traceback(caught.__traceback__.tb_next)
    if problem is not None:
        _print("Error in sys.excepthook:\n")
        sys.__excepthook__(type(problem), problem, problem.__traceback__)
        _print("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
    return -2 if type(error) is KeyboardInterrupt else 1


def _exit_code(error):
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 255 if -(1 << 63) <= code < 1 << 63 else 255
    try:
        _print(str(code))
    except BaseException:
        pass
    _print("\n")
    return 1


def _print(text):
    try:
        sys.stderr.write(text)
    except BaseException:
        try:
            posix.write(2, text.encode("utf-8", "backslashreplace"))
        except OSError:
            pass


def _finish(job, status):
    """What the end of the interpreter does that one can see; all of it would take long with pandas loaded."""
    threading = sys.modules.get("threading")
    if threading:
        try:
            threading._shutdown()
        except BaseException as error:
            _print("Exception ignored in: %r\n" % threading)
            sys.__excepthook__(type(error), error, error.__traceback__)
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass  # It has been printed already.
    status = _flush(status)
    if job["report"]:
        _report_imports(job)
    _tear_down(job)
    status = _flush(status)
    _ctypes.call_function(FFLUSH, (0,))
    if status == -2:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        posix.kill(posix.getpid(), _signal.SIGINT)
        status = 130
    posix._exit(status)


def _flush(status):
    for stream in sys.stdout, sys.stderr:
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException as error:
            if stream is sys.stdout:
                _print("Exception ignored in: %r\n%s: %s\n" % (stream, type(error).__name__, error))
            status = status or 120
    return status


def _tear_down(job):
    """Lets go of the globals of the script and of modules beside it, so that their `__del__` run and their files are flushed."""
    folder = sys.path[0] if sys.path else ""
    reference = sys.modules["_weakref"].ref
    names = [
        name
        for name, module in list(sys.modules.items())
        if type(module) is type(sys) and (name == "__main__" or (name not in KNOWN and folder and str(getattr(module, "__file__", None)).startswith(folder)))
    ]
    left = [reference(sys.modules[name]) for name in names]
    is_cyclic = any(_may_be_cyclic(module().__dict__) for module in left)
    if is_cyclic:
        # Once while all is reachable, as CPython does: it sorts what a text file is made of so that its buffer is flushed before its file is closed.
        gc.collect()
    for name in names:
        del sys.modules[name]
    if is_cyclic:
        gc.collect()
    for module in left:
        space = getattr(module(), "__dict__", {})
        for name in list(space):
            if name != "__builtins__":
                space[name] = None


def _may_be_cyclic(space):
    # The caller, the parameter, the module and the counting itself refer to it in any case.
    return sys.getrefcount(space) > 4 or any(gc.is_tracked(value) and type(value) is not type(sys) for value in space.values() if value is not space["__loader__"])


def _report_imports(job):
    """Writes which large packages the script imported from where packages are installed; the agent may preload them."""
    names = set(sys.modules) - KNOWN
    if len(names) < HEAVY_MODULES:
        return
    counts = {}
    for name in names:
        top = name.partition(".")[0]
        counts[top] = counts.get(top, 0) + 1
    heavy = []
    for top, count in counts.items():
        origin = str(getattr(sys.modules.get(top), "__file__", None))
        if (count >= HEAVY_MODULES or top in HEAVY_NAMES) and ("/site-packages/" in origin or "/dist-packages/" in origin):
            if not origin.startswith(sys.path[0] + "/"):
                heavy.append(top)
    try:
        descriptor = posix.open(job["report"], posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, 0o600)
        posix.write(descriptor, "\n".join(heavy).encode())
    except OSError:
        pass  # It is only about speed.


def start(code, loader, job):
    """What the loader calls: serves where the job is a list of modules to preload, else runs the one job."""
    global SELF, LOADER
    SELF, LOADER = code, loader
    if "preload" in job:
        posix.set_inheritable(3, False)
        Zygote(_socket.socket(fileno=3), job["preload"]).serve()
    posix.close(3)
    job["path"] = [entry for entry in sys.path if entry]
    job["preloaded"] = ()
    _unwind_into(job)
