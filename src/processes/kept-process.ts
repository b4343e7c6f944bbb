import { z } from 'zod';
import type { ProcessEnd, ProcessFacts, TerminalSize } from '../agent/calls/processes.ts';
import type { Program } from '../agent/calls/run.ts';
import { scriptedCode } from './runners.ts';

/** What the server has an agent keep of a process, beside what that knows itself. */
const aboutSchema = z.object({
  name: z.string().nullable().default(null),
  labels: z.record(z.string(), z.string()).default({}),
  kind: z.enum(['command', 'argv', 'code', 'tty', 'context']).default('command'),
  command: z.string().default(''),
  cwd: z.string().default('/workspace'),
});

/** What is said of a process to whoever lists it. */
export type ProcessAbout = z.infer<typeof aboutSchema>;

/** How processes call the programs that they run. */
const KIND = { python: 'code', shell: 'command', argv: 'argv' } as const;

/** What lists show of a long program, in characters. */
const MAX_SHOWN = 4096;

/** What is to be said of a process that runs this program, at a terminal if `hasTerminal`. */
export function toAbout(
  program: Program,
  more: Pick<ProcessAbout, 'name' | 'labels' | 'cwd'>,
  hasTerminal = false,
): ProcessAbout {
  const command = program.program === 'argv' ? program.argv.join(' ') : program.source;
  const kind = hasTerminal ? 'tty' : KIND[program.program];
  return { ...more, kind, command: command.slice(0, MAX_SHOWN).toWellFormed() };
}

/** What is to be said of code that is streamed, in whatever way it is run: by itself, or as a cell of a context. */
export function toCodeAbout(kind: 'code' | 'context', code: string, cwd: string): ProcessAbout {
  return { name: null, labels: {}, kind, command: code.slice(0, MAX_SHOWN).toWellFormed(), cwd };
}

/** A program that lives beyond its request. */
export interface KeptProcess extends ProcessAbout {
  readonly id: number;
  readonly pid: number | null;
  readonly startedAtMs: number;
  /** Null while it runs. */
  readonly endedAtMs: number | null;
  readonly exit: ProcessEnd | null;
  /** The size of its terminal; null where it has none. */
  readonly tty: TerminalSize | null;
  /** True if its sandbox is not to be paused for idleness while it runs. */
  readonly keepsAwake: boolean;
  readonly firstEventId: number;
  readonly lastEventId: number;
}

/** A process as its agent tells it; what that says in the server's name is checked anew. */
export function toKeptProcess(facts: ProcessFacts): KeptProcess {
  return {
    ...aboutOf(facts),
    id: facts.id,
    pid: facts.pid,
    startedAtMs: facts.startedAtMs,
    endedAtMs: facts.endedAtMs,
    exit: facts.exit,
    tty: facts.tty,
    keepsAwake: facts.keepAwake,
    firstEventId: facts.firstEvent,
    lastEventId: facts.lastEvent,
  };
}

/** What the server said of a process; of a plain run, what its agent knows. */
function aboutOf({ about, plain }: ProcessFacts): ProcessAbout {
  if (!plain) return aboutSchema.safeParse(about).data ?? aboutSchema.parse({});
  const code = plain.program === 'shell' ? scriptedCode(plain.command) : null;
  if (code !== null) return toCodeAbout('code', code, plain.cwd);
  const command = plain.command.slice(0, MAX_SHOWN).toWellFormed();
  return { name: null, labels: {}, kind: KIND[plain.program], command, cwd: plain.cwd };
}
