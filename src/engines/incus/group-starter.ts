/** The address at which the first process listens, in the network namespace of its sandbox. */
const ADDRESS = '\\0clara-starter';

/** What a program's arguments and environment may take. */
const MESSAGE_BYTES = 262_144;

/**
 * The first process of a sandbox whose user is in groups besides its own: Incus starts programs in one group only. It starts what the relays send (where, how many arguments, these and the environment, with stdin, stdout
 * and stderr), answers with the exit code, and ends a program whose relay has gone. It reaps all that is left to it.
 */
export const STARTER = `
import array, os, selectors, signal, socket
signal.signal(signal.SIGINT, signal.SIG_IGN)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("${ADDRESS}")
listener.listen(64)
wake, woken = socket.socketpair()
for one in (listener, wake, woken):
    one.setblocking(False)
signal.signal(signal.SIGCHLD, lambda *_: None)
signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
poll = selectors.DefaultSelector()
poll.register(listener, selectors.EVENT_READ)
poll.register(wake, selectors.EVENT_READ)
running = {}

def drop(relay):
    poll.unregister(relay)
    relay.close()

def run(message, files):
    try:
        for to, file in enumerate(files):
            os.dup2(file, to)
            os.close(file)
        os.setsid()
        for each in (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(each, signal.SIG_DFL)
        cwd, count, *rest = message.split(b"\\0")
        argv, env = rest[:int(count)], rest[int(count):]
        os.chdir(cwd)
        os.execvpe(argv[0], argv, dict(each.split(b"=", 1) for each in env))
    except FileNotFoundError:
        os._exit(127)
    except BaseException:
        os._exit(126)

def hear(relay):
    if relay in running:
        pid = running.pop(relay)
        drop(relay)
        os.kill(pid, signal.SIGKILL)
        return
    message, attached, flags, _ = relay.recvmsg(${MESSAGE_BYTES}, socket.CMSG_SPACE(12))
    files = array.array("i")
    for _, _, data in attached:
        files.frombytes(data)
    try:
        pid = os.fork() if len(files) == 3 and not flags & socket.MSG_TRUNC else None
        if pid == 0:
            run(message, files)
    except OSError:
        pid = None
    for file in files:
        os.close(file)
    if pid is None:
        drop(relay)
    else:
        running[relay] = pid

def reap():
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        for relay in [each for each, one in running.items() if one == pid]:
            del running[relay]
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            try:
                relay.send(bytes([code]))
            except OSError:
                pass
            drop(relay)

while True:
    for key, _ in poll.select():
        try:
            if key.fileobj is wake:
                wake.recv(4096)
            elif key.fileobj is listener:
                poll.register(listener.accept()[0], selectors.EVENT_READ)
            else:
                hear(key.fileobj)
        except (OSError, ValueError):
            pass
    reap()
`;

/** Hands its arguments, environment and streams to the starter, and ends as what that starts does. */
const RELAY = `
import array, os, socket, sys
starter = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
starter.connect("${ADDRESS}")
argv = [os.fsencode(each) for each in sys.argv[1:]]
env = [name + b"=" + value for name, value in os.environb.items()]
message = b"\\0".join([os.getcwdb(), b"%d" % len(argv), *argv, *env])
starter.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ${MESSAGE_BYTES})
starter.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
for file in (0, 1, 2):
    os.close(file)
code = starter.recv(1)
os._exit(code[0] if code else 137)
`;

const PYTHON = ['python3', '-I', '-S', '-c'] as const;

/** What comes before the arguments of a program that is started so. */
export const THROUGH_STARTER = [...PYTHON, RELAY] as const;

/** The arguments with which the sandbox's user starts a program in all of its groups. */
export function throughStarter(argv: readonly string[]): readonly string[] {
  return [...THROUGH_STARTER, ...argv];
}
