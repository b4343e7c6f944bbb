import { z } from 'zod';
import { createDeferred, type Deferred } from '../../src/async/deferred.ts';
import type { FakeChannel } from './fake-channel.ts';
import { FakeFailure } from './fake-files.ts';
import { type FakeOutcome, type RunScript, runParameters } from './fake-run.ts';

const startParameters = runParameters.extend({
  about: z.record(z.string(), z.unknown()),
  timeoutMs: z.number().default(0),
  keepAwake: z.boolean().default(false),
});
const attachParameters = z.looseObject({
  id: z.int(),
  after: z.int().default(0),
  caller: z.boolean().default(false),
  keepRunning: z.boolean().default(false),
});
const named = z.looseObject({ id: z.int() });

interface Output {
  readonly stream: 1 | 2;
  readonly bytes: Buffer;
}

/** A kept process of the fake agent: what it wrote so far, and how it ended. */
class FakeProcess {
  readonly outputs: Output[] = [];
  readonly killed = new AbortController();
  exit: Readonly<Record<string, unknown>> | null = null;
  #news: Deferred<void> = createDeferred();

  readonly id: number;
  readonly about: Readonly<Record<string, unknown>>;
  readonly keepAwake: boolean;

  constructor(id: number, about: Readonly<Record<string, unknown>>, keepAwake: boolean) {
    this.id = id;
    this.about = about;
    this.keepAwake = keepAwake;
  }

  put(stream: 1 | 2, text: string): void {
    if (text !== '') this.outputs.push({ stream, bytes: Buffer.from(text) });
    this.tell();
  }

  tell(): void {
    this.#news.resolve();
    this.#news = createDeferred();
  }

  /** Resolves when there is more to read, or the signal is raised. */
  async news(signal: AbortSignal): Promise<void> {
    const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([this.#news.promise, left]);
  }

  describe(): Readonly<Record<string, unknown>> {
    const { id, about, keepAwake, exit } = this;
    const events = 1 + this.outputs.length + (exit ? 1 : 0);
    const times = { startedAtMs: 0, endedAtMs: exit ? 1 : null };
    return { id, about, pid: 100 + id, ...times, exit, keepAwake, firstEvent: 1, lastEvent: events };
  }
}

/** The processes that a fake agent keeps; a script does what each of them does. */
export class FakeProcesses {
  readonly #processes = new Map<number, FakeProcess>();
  #next = 1;

  async start(channel: FakeChannel, request: unknown, script: RunScript): Promise<unknown> {
    const { about, keepAwake, program, argv, cwd, env, timeoutMs } = startParameters.parse(request);
    const source = program === 'argv' ? '' : (await channel.body).toString();
    const process = new FakeProcess(this.#next, about, keepAwake);
    this.#next += 1;
    this.#processes.set(process.id, process);
    const { signal } = process.killed;
    const write = async (text: string) => process.put(1, text);
    const killed = new Promise<FakeOutcome>((resolve) => {
      signal.addEventListener('abort', () => resolve({ exitCode: 143, signal: 'SIGTERM' }), { once: true });
    });
    const run = { program, source, argv, cwd, env, timeoutMs, signal, write };
    void Promise.race([Promise.resolve().then(() => script(run)), killed]).then((outcome) => {
      process.put(1, outcome.stdout ?? '');
      process.put(2, outcome.stderr ?? '');
      process.exit = toExit(outcome, process.outputs);
      process.tell();
    });
    return process.describe();
  }

  async attach(channel: FakeChannel, request: unknown): Promise<unknown> {
    const { id, after, caller, keepRunning } = attachParameters.parse(request);
    const process = this.#get(id);
    if (caller && !keepRunning) channel.signal.addEventListener('abort', () => process.killed.abort(), { once: true });
    channel.event({ next: after + 1, first: 1, lost: 0, offset: 0, process: process.describe() });
    let at = Math.max(0, after - 1);
    while (!channel.signal.aborted) {
      const output = process.outputs[at];
      if (output) {
        at += 1;
        await channel.write(output.stream, output.bytes);
      } else if (process.exit) {
        return { id: process.outputs.length + 2, exit: process.exit };
      } else {
        await process.news(channel.signal);
      }
    }
    throw new FakeFailure('cancelled', 'The call was cancelled.');
  }

  async wait(channel: FakeChannel, request: unknown): Promise<unknown> {
    const process = this.#get(named.parse(request).id);
    while (!process.exit && !channel.signal.aborted) await process.news(channel.signal);
    return process.describe();
  }

  signal(request: unknown): unknown {
    const process = this.#get(named.parse(request).id);
    if (process.exit) return { sent: false };
    process.killed.abort();
    return { sent: true };
  }

  list(): unknown {
    return { processes: [...this.#processes.values()].reverse().map((process) => process.describe()) };
  }

  /** As a stop of the sandbox does. */
  endAll(): void {
    for (const { killed } of this.#processes.values()) killed.abort();
    this.#processes.clear();
    this.#next = 1;
  }

  #get(id: number): FakeProcess {
    const process = this.#processes.get(id);
    if (!process) throw new FakeFailure('not_found', `There is no process ${id}.`);
    return process;
  }
}

function toExit(outcome: FakeOutcome, outputs: readonly Output[]): Readonly<Record<string, unknown>> {
  const count = (stream: 1 | 2) => ({
    bytes: outputs.filter((one) => one.stream === stream).reduce((sum, { bytes }) => sum + bytes.length, 0),
    omitted: 0,
  });
  return {
    exitCode: outcome.exitCode ?? 0,
    signal: outcome.signal ?? null,
    timedOut: false,
    cancelled: false,
    oomKilled: outcome.oomKilled ?? false,
    durationMs: outcome.durationMs ?? 1,
    stdout: count(1),
    stderr: count(2),
  };
}
