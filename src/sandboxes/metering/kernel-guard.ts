import type { Engine } from '../../engines/engine.ts';
import { TERMINALS } from '../../engines/hardening/limits.ts';
import { countFileLocks } from '../../machine/file-locks.ts';
import { type KernelMemory, readKernelMemory } from '../../machine/kernel-memory.ts';
import { findProcesses, groupOf } from '../../machine/processes.ts';
import { countTerminals, countTerminalsOf } from '../../machine/terminals.ts';
import { readUnreadBytes } from '../../machine/unread-bytes.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { Endings } from './endings.ts';

/** Between two looks, in milliseconds. */
const LOOK_MS = 500;

/** The table of locks, which costs the whole machine a moment to read, is read after so much growth of the kernel's objects. */
const GROWTH_BYTES = 8 * 2 ** 20;

/** And after this many looks without any. */
const LOOKS_WITHOUT_LOCKS = 20;

/** Each takes some 200 bytes. SQLite needs four for a connection. */
const MAX_LOCKS = 4_000;

/** A server that is slow to accept has far less waiting. */
const MAX_UNACCEPTED_BYTES = 32 * 2 ** 20;

/** Where no control group limits what waits in sockets. */
const MAX_UNREAD_BYTES = 128 * 2 ** 20;

const ENDED = 'so all that ran in it was ended; its files are kept.';
const TOO_MANY_LOCKS = `This sandbox held more than ${MAX_LOCKS} locks of files, whose memory no limit counts, ${ENDED}`;
const TOO_MANY_TERMINALS = `This sandbox had more than ${TERMINALS} pseudo-terminals open, whose memory no limit counts, ${ENDED}`;
const TOO_MUCH_UNREAD = `More waited in the sockets of this sandbox than may where no limit counts it (${MAX_UNACCEPTED_BYTES >> 20} MiB in connections that nobody has accepted), ${ENDED}`;

interface GuardParts {
  readonly sandboxes: () => Iterable<Sandbox>;
  readonly engine: Pick<Engine, 'info'>;
  /** Ends what runs in a sandbox at once; its mutex is held. */
  readonly stop: (sandbox: Sandbox) => Promise<void>;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/**
 * Ends sandboxes that take memory of the machine's kernel which no control group charges to them and no filter of system calls can
 * keep from them: locks of files, pseudo-terminals, and what waits in connections that nobody has accepted. It looks at three small
 * files twice a second, and closer where they say that such memory has grown. Where this process does not see those of sandboxes it finds nothing;
 * of pseudo-terminals, which engines limit as a rule, only those whose masters are open.
 */
export class KernelGuard {
  readonly #parts: GuardParts;
  readonly #endings: Endings;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();
  #isClosed = true;
  #slabBytes = 0;
  #looks = 0;
  #processes: ReadonlyMap<string, number> = new Map();
  #limitsSockets: boolean | undefined;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#endings = new Endings(parts);
  }

  /** Begins to look. */
  open(): void {
    this.#isClosed = false;
    this.#schedule();
  }

  /** Looks no more, and waits for the look and the ends that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#look;
    await this.#endings.settle();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#look = this.#watch()
        .catch(this.#parts.onError)
        .finally(() => this.#schedule());
    }, LOOK_MS);
  }

  async #watch(): Promise<void> {
    const others = [...this.#parts.sandboxes()].filter((sandbox) => !this.#endings.includes(sandbox));
    const running = new Map(others.flatMap((sandbox) => idOf(sandbox)));
    if (running.size === 0) return;
    const memory = await readKernelMemory();
    if (this.#isTimeForLocks(memory)) this.#end(await this.#withTooManyLocks(running), TOO_MANY_LOCKS);
    if ((await countTerminals()) > TERMINALS) this.#end(await this.#withTooManyTerminals(running), TOO_MANY_TERMINALS);
    if (memory.socketBytes > MAX_UNACCEPTED_BYTES) this.#end(await this.#withTooMuchUnread(running), TOO_MUCH_UNREAD);
  }

  #isTimeForLocks({ slabBytes }: KernelMemory): boolean {
    this.#looks += 1;
    this.#slabBytes = Math.min(this.#slabBytes, slabBytes);
    if (slabBytes < this.#slabBytes + GROWTH_BYTES && this.#looks < LOOKS_WITHOUT_LOCKS) return false;
    this.#slabBytes = slabBytes;
    this.#looks = 0;
    return true;
  }

  async #withTooManyLocks(running: ReadonlyMap<string, Sandbox>): Promise<readonly Sandbox[]> {
    const held = new Map<Sandbox, number>();
    for (const [pid, count] of await countFileLocks()) {
      const sandbox = running.get((await groupOf(pid, [...running.keys()])) ?? '');
      if (sandbox) held.set(sandbox, (held.get(sandbox) ?? 0) + count);
    }
    return [...held].filter(([, count]) => count > MAX_LOCKS).map(([sandbox]) => sandbox);
  }

  async #withTooManyTerminals(running: ReadonlyMap<string, Sandbox>): Promise<readonly Sandbox[]> {
    const counts = await this.#readEach(running, (pid) => countTerminalsOf(pid));
    return counts.filter(([, count]) => count > TERMINALS).map(([sandbox]) => sandbox);
  }

  async #withTooMuchUnread(running: ReadonlyMap<string, Sandbox>): Promise<readonly Sandbox[]> {
    this.#limitsSockets ??= (await this.#parts.engine.info()).limitsSockets;
    const mostBytes = this.#limitsSockets ? Number.POSITIVE_INFINITY : MAX_UNREAD_BYTES;
    const counts = await this.#readEach(running, (pid) => readUnreadBytes(pid));
    return counts
      .filter(([, { unowned, all }]) => unowned > MAX_UNACCEPTED_BYTES || all > mostBytes)
      .map(([sandbox]) => sandbox);
  }

  /** What a process of each sandbox shows of all of it. */
  async #readEach<T>(
    running: ReadonlyMap<string, Sandbox>,
    read: (pid: number) => Promise<T>,
  ): Promise<readonly (readonly [Sandbox, T])[]> {
    if ([...running.keys()].some((id) => !this.#processes.has(id))) {
      this.#processes = await findProcesses([...running.keys()]);
    }
    const found: [Sandbox, T][] = [];
    for (const [id, pid] of this.#processes) {
      const sandbox = running.get(id);
      if (!sandbox) continue;
      const value = await read(pid);
      // A process may have ended, and its number be another's.
      if ((await groupOf(pid, [id])) === undefined) this.#processes = new Map();
      else found.push([sandbox, value]);
    }
    return found;
  }

  #end(sandboxes: readonly Sandbox[], reason: string): void {
    for (const sandbox of sandboxes) this.#endings.begin(sandbox, reason);
  }
}

function idOf(sandbox: Sandbox): [string, Sandbox][] {
  return sandbox.state === 'running' && sandbox.engineId ? [[sandbox.engineId, sandbox]] : [];
}
