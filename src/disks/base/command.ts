import { execFile } from 'node:child_process';

/** Where programs are looked for, whatever the server's own PATH is. */
const SAFE_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

const OUTPUT_BYTES = 2 ** 20;

/** A program of the system that failed, was not there, or took too long. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  /** How it exited; null where it did not run to its end. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null, options: { readonly cause: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Runs a program of the system without a shell and resolves with its stdout; throws a CommandFailure, also after the deadline. */
export function runCommand(program: string, argv: readonly string[], deadlineMs: number): Promise<string> {
  const options = {
    env: { PATH: SAFE_PATH, LC_ALL: 'C' },
    cwd: '/',
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(program, argv, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const exitCode = typeof error.code === 'number' ? error.code : null;
      const said = (stderr || stdout).trim().slice(-500) || (error.killed ? 'it took too long' : error.message);
      reject(new CommandFailure(`${program} failed: ${said}`, exitCode, { cause: error }));
    });
  });
}
