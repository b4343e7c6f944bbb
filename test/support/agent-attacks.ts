import { readAgentSource } from '../../src/agent/link/source.ts';

/** Whoever has read the project's sources can say it. */
const { hash: HASH } = await readAgentSource(new URL('../../agent/', import.meta.url));

/** Python that finds what belongs to the agent of the sandbox that it runs in. */
export const FIND_AGENT = `import ctypes, os, signal, socket, sys, time

def processes():
    for name in filter(str.isdigit, os.listdir('/proc')):
        try: yield int(name), open(f'/proc/{name}/cmdline').read().split('\\0')
        except OSError: pass

def agents(): return [pid for pid, argv in processes() if (argv[0] == 'clara-agent' or argv[1:3] == ['-I', '-S']) and pid != os.getpid()]
def named(*argv): return next((pid for pid, found in processes() if found[: len(argv)] == list(argv)), None)

def daemonise():
    if os.fork(): return False
    os.setsid()
    if os.fork(): os._exit(0)
    return True

def take_place():
    os.kill(AGENT, 9)
    while True:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            listener.bind(SOCKET)
            break
        except OSError: listener.close()
    listener.listen(8)
    return listener

AGENT, KEEPER, MAIN, ZYGOTE = agents()[0], named('cat'), 1, os.getppid()
SOCKET = next(line.split()[-1] for line in open('/proc/net/unix') if '@clara-' in line).replace('@', '\\0')
`;

/**
 * Python that leaves a daemon behind which kills the agent and takes its place under its name; `speak(out, hash, err)` is what it
 * says to each server that comes, and may end or never end: the exec's stdout is its own then, and its stderr too where the engine lets code at it, as Incus does not. `/workspace/met` tells that one
 * came.
 */
export const impostor = (speak: string): string => `${FIND_AGENT}
import json, struct

def frame(kind, channel, payload=b'', stream=0):
    return struct.pack('>IIBB', len(payload), channel, kind, stream) + payload

def hello(hash):
    return frame(1, 0, json.dumps({'protocol': 1, 'hash': hash, 'pid': 7, 'boot': 'x', 'python': '3', 'resumed': True}).encode())

def send(out, data):
    view = memoryview(data)
    while view: view = view[os.write(out, view):]

def speak(out, hash, err):
${speak.replaceAll(/^/gm, '    ')}

if daemonise():
    listener = take_place()
    while True:
        peer, _ = listener.accept()
        try:
            _, ancillary, _, _ = peer.recvmsg(8192, socket.CMSG_SPACE(8))
            _, out = [int.from_bytes(ancillary[0][2][at : at + 4], sys.byteorder) for at in (0, 4)]
            bootstrap = int.from_bytes(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
            try: err = os.open(f'/proc/{bootstrap}/fd/2', os.O_WRONLY)
            except PermissionError: err = -1
            peer.send(b'taken')
            open('/workspace/met', 'w').close()
            speak(out, '${HASH}', err)
        except (OSError, IndexError, ValueError): pass
else:
    time.sleep(5)
`;
