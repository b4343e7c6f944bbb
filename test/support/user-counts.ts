import { readFile, writeFile } from 'node:fs/promises';
import type { Answer, RealServer } from './real-server.ts';
import { until } from './until.ts';

/** Something that the kernel counts for a user: Python that takes all there is to the last one, or that asks for one more and prints what came of it. */
export interface UserCount {
  readonly what: string;
  readonly takes: string;
  readonly asks: string;
  /** What is printed where there is one more, and where there is none. */
  readonly works: string;
  readonly fails: string;
  /** Where an engine maps users the kernel counts it once more, for all of its containers together. */
  readonly isSharedWhereMapped?: boolean;
  /** A setting of the machine that bounds what is to be taken, and the value that is enough for a test. */
  readonly setting?: readonly [file: string, value: number];
}

const COMMON = `import array, ctypes, errno, fcntl, os, resource, select, signal, socket, time
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), '')
    return result
held = []
def take(ask, most=20_000):
    try:
        for _ in range(most): held.append(ask())
    except OSError as error: return errno.errorcode[error.errno]
def one(ask):
    try:
        ask()
        print('works')
    except OSError as error: print(errno.errorcode[error.errno])
`;

const PASSES = `
null = os.open('/dev/null', os.O_RDWR)
def ask(many=253):
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    held.append(pair)
    for end in pair: end.setblocking(False)
    try:
        for _ in range(10): pair[0].sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [null] * many))])
    except BlockingIOError: pass`;

const SIGNALS = `
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
ask = lambda: check(libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), ctypes.c_void_p(0)))`;

const QUEUES = `
def ask():
    queue = check(libc.mq_open(b'/queue', os.O_CREAT | os.O_RDWR, 0o600, None))
    libc.mq_unlink(b'/queue')
    return queue`;

const WATCHES = `
events = [os.eventfd(0) if hasattr(os, 'eventfd') else libc.eventfd(0, 0) for _ in range(2_000)]
def ask():
    epoll = select.epoll()
    held.append(epoll)
    for event in events: epoll.register(event)`;

const INSTANCES = `
ask = lambda: check(libc.inotify_init())`;

/** What code in a sandbox can take of these. */
export const USER_COUNTS: readonly UserCount[] = [
  {
    what: 'pages in pipes',
    takes: 'take(os.pipe, 1_100)',
    asks: "print('works' if fcntl.fcntl(os.pipe()[0], 1032) > 8192 else 'small')",
    works: 'works',
    fails: 'small',
  },
  {
    what: 'descriptors on their way between processes',
    takes: `${PASSES}\ntake(ask, 20)\ntake(lambda: ask(1), 300)`,
    asks: `${PASSES}\none(ask)`,
    works: 'works',
    fails: 'ETOOMANYREFS',
  },
  {
    what: 'instances of inotify',
    takes: `${INSTANCES}\ntake(ask, 500)`,
    asks: `${INSTANCES}\none(ask)`,
    works: 'works',
    fails: 'EMFILE',
    isSharedWhereMapped: true,
    setting: ['/proc/sys/fs/inotify/max_user_instances', 128],
  },
  {
    what: 'watches of epoll',
    takes: `${WATCHES}\ntake(ask, 20)`,
    asks: `${WATCHES}\none(ask)`,
    works: 'works',
    fails: 'ENOSPC',
    setting: ['/proc/sys/fs/epoll/max_user_watches', 20_000],
  },
  {
    what: 'pending signals',
    takes: `${SIGNALS}\ntake(ask, 2_000)`,
    // Who asks may have half of what is held, so that 2,000 are enough; gVisor sets no such limit, and counts by one of its own.
    asks: `${SIGNALS}\ntry: resource.setrlimit(11, (1_000, 1_000))\nexcept ValueError: pass\none(ask)`,
    works: 'works',
    fails: 'EAGAIN',
  },
  {
    what: 'bytes of message queues',
    takes: `${QUEUES}\ntake(ask, 1_000)`,
    asks: `${QUEUES}\none(ask)`,
    works: 'works',
    fails: 'EMFILE',
    isSharedWhereMapped: true,
  },
];

/** A script of it, alone or before more lines. */
export function toScript(code: string, ...more: readonly string[]): string {
  return [COMMON, code, ...more].join('\n');
}

/** Does work while a setting of this machine is not more than what it says, if it says any. */
export async function whileSet<T>({ setting }: UserCount, work: () => Promise<T>): Promise<T> {
  if (!setting) return await work();
  const [file, value] = setting;
  const before = await readFile(file, 'utf8');
  await writeFile(file, String(Math.min(value, Number(before))));
  try {
    return await work();
  } finally {
    await writeFile(file, before);
  }
}

/** What a script goes on with that has taken all there is: it says so with a file, and holds it until another one tells it to end. */
export const HOLDS =
  "open('held', 'w').close()\nwhile not os.path.exists('end'): time.sleep(0.01)\nos.remove('end')\nos.remove('held')";

/** Waits until that script holds all, in the sandbox of `greedy`; throws with what came of it where it ends before. */
export async function untilHeld(server: RealServer, holding: Promise<Answer>): Promise<void> {
  const isHeld = async () => (await server.call('GET', '/sandbox/greedy/file?path=held')).status === 200;
  const ended = holding.then(({ body }) => {
    throw new Error(`The script ended: ${JSON.stringify(body)}`);
  });
  await Promise.race([until('the script holds all', isHeld), ended]);
}
