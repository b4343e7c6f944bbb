import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Duplex, duplexPair } from 'node:stream';
import type { EngineExec } from '../../src/engines/engine.ts';
import type { FakeAgent } from './fake-agent.ts';

const STDERR_TAIL = 4096;
const KILLED = 137;

/** A program in a fake sandbox. */
export interface FakeExec extends EngineExec {
  readonly argv: readonly string[];
  /** Ends it as the end of its sandbox does: the stream ends, without an error. */
  kill(): void;
  /** Says something on stderr. */
  complain(): void;
  freeze(): void | Promise<void>;
  thaw(): void | Promise<void>;
}

/** Connects a new stream to the agent of a sandbox. */
export function runAgent(agent: FakeAgent, argv: readonly string[]): FakeExec {
  const [stream, far] = duplexPair();
  const complaints = new EventEmitter();
  let exitCode: number | null = null;
  const end = () => {
    exitCode = KILLED;
    far.end();
  };
  stream.once('close', () => {
    exitCode = KILLED;
    far.destroy();
  });
  agent.accept(far);
  return {
    argv,
    stream,
    closed: new Promise((resolve) => stream.once('close', resolve)),
    isHeldBack: () => false,
    abandon: () => void stream.destroy(),
    stderr: () => '',
    onStderr: (listener) => void complaints.on('stderr', listener),
    complain: () => void complaints.emit('stderr'),
    exitCode: async () => exitCode,
    kill: () => {
      agent.die();
      end();
    },
    freeze: () => agent.freeze(),
    thaw: () => agent.thaw(),
  };
}

/** Runs argv as a local process. */
export function runLocally(argv: readonly string[], env: Readonly<Record<string, string>>): FakeExec {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { env: { PATH: process.env.PATH, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_TAIL);
  });
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => resolve('code' in error && error.code === 'EACCES' ? 126 : 127));
    child.once('exit', (code) => resolve(code ?? KILLED));
  });
  const stream = new ChildStream(child);
  return {
    argv,
    stream,
    closed: ended.then(() => undefined),
    isHeldBack: () => false,
    abandon: () => void stream.destroy(),
    stderr: () => stderr,
    onStderr: (listener) => void child.stderr.on('data', () => listener()),
    complain: () => void child.stderr.emit('data', Buffer.from('?')),
    // The stream ends before the exit is known: who has seen its end waits for the code.
    exitCode: async () => (stream.readableEnded ? await ended : child.exitCode),
    kill: () => child.kill('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** Stdin and stdout of a process as one stream; destroying it ends the process, as nothing else owns it. */
class ChildStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    super({ allowHalfOpen: false });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.once('error', () => this.push(null));
    // Only then are both stdout and stderr at their end.
    child.once('close', () => this.push(null));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.#child.kill('SIGKILL');
    done(error);
  }
}

/** Whether an agent is to be started: other Python is run as it is. */
export function isAgent([program, ...options]: readonly string[]): boolean {
  return program === 'python3' && !(options[0] === '-I' && options[1] === '-c');
}
