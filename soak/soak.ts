import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { openEngineProxy } from '../test/support/engine-proxy.ts';
import { startServerProcess } from '../test/support/server-process.ts';
import { readTraces, type Traces } from '../test/support/traces.ts';
import { FAULTS, injectFault } from './faults.ts';
import { SoakGuest } from './guest.ts';
import { createRandom } from './random.ts';
import { SURFACES } from './surfaces.ts';
import { newTally, note, type Tally } from './tally.ts';
import { type Send, type SendAs, SoakUser } from './user.ts';

const API_KEY = 'key-for-these-tests';

/** The key of somebody who has no sandbox, nor may have one of the others' where users choose their names. */
const OTHER_KEY = 'key-of-a-stranger';

const REQUEST_TIMEOUT_MS = 120_000;
const FAULT_INTERVAL_MS = 2_000;
/** How long what ends by itself may take to be gone. */
const REST_MS = 60_000;
const POLL_MS = 200;
/** Kept of what went wrong, with its cause. */
const MISTAKE_CHARACTERS = 1_000;
/** Kept of the server's log: its last errors, pino's level 50. */
const MOST_ERRORS = 50;
const ERROR_LINE = /^\{"level":[56]0,/;

/** What a soak does, for as long as it says or until each fault was there; `concurrency` is how many requests are under way at most. */
export interface SoakOptions {
  readonly dataDir: string;
  readonly seconds: number;
  readonly sandboxes: number;
  /** Of each of the other APIs, how many users it has beside those; they never give way to each other. */
  readonly guests: number;
  readonly concurrency: number;
  readonly seed: number;
}

/** The counts at the end of a soak. */
export interface SoakResult extends Tally {
  /** What was left of containers, mounts, loop devices and files after all was deleted and the server had ended. */
  readonly leaks: Traces;
  /** The last errors in the server's log. */
  readonly errors: readonly string[];
  /** Resident memory of the server in bytes: when every sandbox was there, and after the last request. */
  readonly memoryBytes: { readonly before: number; readonly after: number };
}

/** Lets users work with sandboxes of a server of its own while things are broken, and counts what went wrong. */
export async function soak({
  dataDir,
  seconds,
  sandboxes,
  guests,
  concurrency,
  seed,
}: SoakOptions): Promise<SoakResult> {
  const tally = newTally();
  const proxy = await openEngineProxy();
  const server = await startServerProcess({
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DISK_LIMIT: '64m',
    SANDBOX_DOCKER_MEMORY: '256m',
    // Fewer than there are users, so that idle sandboxes give way.
    SANDBOX_MAX_CONTAINERS: String(Math.ceil(sandboxes * 0.75) + concurrency + guests * SURFACES.length),
    SANDBOX_POOL_SIZE: '2',
    SANDBOX_API_KEYS: `stranger:sha256:${createHash('sha256').update(OTHER_KEY).digest('hex')};prefix=stranger`,
    SANDBOX_RATE_LIMIT: '0',
    SANDBOX_LOG_LEVEL: 'info',
    DOCKER_HOST: `unix://${proxy.socketPath}`,
  });
  const sendAs: SendAs = ({ method, path, body, headers: more }, headers) =>
    ask(`${server.url}${path}`, method, body, { ...headers, ...more });
  const send: Send = (method, path, body) => sendAs({ method, path, body }, { 'x-api-key': API_KEY });
  const errors: string[] = [];
  if (server.child.stdout) {
    createInterface({ input: server.child.stdout }).on('line', (text) => {
      if (ERROR_LINE.test(text)) errors.push(text);
      if (errors.length > MOST_ERRORS) errors.shift();
    });
  }
  const natives = Array.from(
    { length: sandboxes },
    (_, index) => new SoakUser(`soak-${index}`, send, createRandom(seed + index * 7919), tally),
  );
  const keys = { own: API_KEY, other: OTHER_KEY };
  const others = SURFACES.flatMap((surface, row) =>
    Array.from({ length: guests }, (_, index) => {
      const own = createRandom(seed + (row * guests + index + 1) * 104_729);
      return new SoakGuest({ name: `${surface.name}-${index}`, surface, send: sendAs, keys, random: own, tally });
    }),
  );
  const users = [...natives, ...others];
  const random = createRandom(seed);
  const fails = (error: unknown) => {
    tally.wrongAnswers += 1;
    note(tally, inspect(error, { depth: 3 }).slice(0, MISTAKE_CHARACTERS));
  };
  try {
    await eachOf(users, concurrency, (user) => user.step().catch(fails));
    const before = await memoryOf(server.child.pid);
    const endMs = performance.now() + seconds * 1000;
    let faults = 0;
    const isOn = () => performance.now() < endMs || faults < FAULTS.length;
    const waiting = [...users];
    const work = Array.from({ length: concurrency }, async () => {
      for (let user = waiting.shift(); user && isOn(); user = waiting.shift()) {
        await user.step().catch(fails);
        waiting.push(user);
      }
    });
    const breaking = (async () => {
      while (isOn()) {
        await pause(FAULT_INTERVAL_MS);
        const fault = FAULTS[faults % FAULTS.length] ?? 'streams cut';
        faults += 1;
        await injectFault(fault, dataDir, proxy, random);
        tally.faults[fault] = (tally.faults[fault] ?? 0) + 1;
      }
    })();
    await Promise.all([...work, breaking]);
    await eachOf(users, concurrency, (user) => user.checkAll().catch(fails));
    const after = await memoryOf(server.child.pid);
    await eachOf(users, concurrency, (user) => user.remove().catch(fails));
    await server.end('SIGTERM');
    return { ...tally, errors, leaks: await tracesInTheEnd(dataDir), memoryBytes: { before, after } };
  } finally {
    await server.end('SIGKILL');
    await proxy.close();
  }
}

async function ask(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const isRaw = body instanceof Uint8Array;
  const type = isRaw ? 'application/octet-stream' : 'application/json';
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: isRaw ? new Blob([Uint8Array.from(body)]) : JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}

async function eachOf<T>(items: readonly T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const workers = Array.from({ length: concurrency }, async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) await work(item);
  });
  await Promise.all(workers);
}

async function memoryOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

async function tracesInTheEnd(dataDir: string): Promise<Traces> {
  const endMs = performance.now() + REST_MS;
  for (;;) {
    const traces = await readTraces(dataDir);
    const isRest = Object.values(traces).every((found: readonly string[]) => found.length === 0);
    if (isRest || performance.now() > endMs) return traces;
    await pause(POLL_MS);
  }
}
