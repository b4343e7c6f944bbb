import { z } from 'zod';
import type { FakeChannel } from './fake-channel.ts';

/** A run as a test sees it. */
interface FakeRun {
  readonly program: 'python' | 'shell' | 'argv';
  readonly source: string;
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Aborts when the run is cancelled, or its time is over. */
  readonly signal: AbortSignal;
  /** Writes to stdout at once, and not with the outcome. */
  write(text: string): Promise<void>;
}

/** How a scripted run ends; what is not said is that of a quiet success. */
export interface FakeOutcome {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly oomKilled?: boolean;
  readonly durationMs?: number;
}

/** What a run does. */
export type RunScript = (run: FakeRun) => FakeOutcome | Promise<FakeOutcome>;

/** What the agent is asked to run. */
export const runParameters = z.object({
  program: z.enum(['python', 'shell', 'argv']),
  argv: z.array(z.string()).default([]),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).default({}),
  timeoutMs: z.number(),
  capture: z.object({ head: z.int(), tail: z.int() }).optional(),
});

const PRINT = /print\((?:'([^'\n]*)'|"([^"\n]*)"|(-?[\d.]+))\)/g;

/** Prints the literals that a Python source prints; echoes everything else. */
export const echoRun: RunScript = ({ program, source, argv }) => {
  if (program === 'argv') return { stdout: `${argv.join(' ')}\n` };
  const printed = program === 'python' ? [...source.matchAll(PRINT)].map(([, a, b, c]) => `${a ?? b ?? c}\n`) : [];
  return { stdout: printed.length > 0 ? printed.join('') : source };
};

/** Does a run by the test's script and sends its output; the script loses against a cancel and against the timeout. */
export async function answerRun(channel: FakeChannel, request: unknown, script: RunScript): Promise<unknown> {
  const { capture, cwd, ...run } = runParameters.parse(request);
  const source = run.program === 'argv' ? '' : (await channel.body).toString();
  const timeout = AbortSignal.timeout(run.timeoutMs);
  const signal = AbortSignal.any([channel.signal, timeout]);
  const killed = new Promise<FakeOutcome>((resolve) => {
    const kill = () => resolve({ exitCode: 137, signal: 'SIGKILL' });
    if (signal.aborted) kill();
    else signal.addEventListener('abort', kill, { once: true });
  });
  const write = (text: string) => channel.write(1, Buffer.from(text));
  const outcome = await Promise.race([script({ ...run, cwd, source, signal, write }), killed]);
  const wasCancelled = channel.signal.aborted;
  const stdout = await send(channel, 1, outcome.stdout, capture);
  const stderr = await send(channel, 2, outcome.stderr, capture);
  return {
    exitCode: outcome.exitCode ?? 0,
    signal: outcome.signal ?? null,
    timedOut: timeout.aborted && !wasCancelled,
    cancelled: wasCancelled,
    oomKilled: outcome.oomKilled ?? false,
    durationMs: outcome.durationMs ?? 1,
    stdout,
    stderr,
  };
}

async function send(
  channel: FakeChannel,
  stream: number,
  text = '',
  capture?: { readonly head: number; readonly tail: number },
): Promise<{ bytes: number; omitted: number }> {
  const bytes = Buffer.from(text);
  const omitted = capture ? Math.max(0, bytes.length - capture.head - capture.tail) : 0;
  if (capture && omitted > 0) {
    await channel.write(stream, bytes.subarray(0, capture.head));
    await channel.write(stream, bytes.subarray(capture.head + omitted));
  } else {
    await channel.write(stream, bytes);
  }
  return { bytes: bytes.length, omitted };
}
