import type { Program } from '../agent/calls/run.ts';

export type { Program };

/** What a program is in, for counting: a language, or `argv` where only its arguments are known. */
export function languageOf(program: Program): string {
  if (program.program === 'argv') return 'argv';
  return program.language ?? (program.program === 'python' ? 'python' : 'bash');
}

/** As many bytes the kernel takes in one argument of a program. */
export const MAX_ARGUMENT_BYTES = 131_071;

/** Whether a program of this source can be typed to, as its source is an argument then. */
export function isTypable(source: string): boolean {
  return Buffer.byteLength(source) <= MAX_ARGUMENT_BYTES && !source.includes('\0');
}

/** The same program as one that can be typed to: a plain one reads its source, which has to be typable, from its standard input. */
export function toTypable(program: Program): Program {
  if (program.program === 'argv') return program;
  if (program.program === 'python') return { program: 'argv', argv: ['python3', '-c', program.source] };
  const shell = 'if command -v bash >/dev/null; then exec bash -c "$0"; else exec sh -c "$0"; fi';
  return { program: 'argv', argv: ['sh', '-c', shell, program.source] };
}

/** pip, which installs what these requirements name; it persists. */
export function pipInstall(requirements: readonly string[]): Program {
  const argv = ['python3', '-m', 'pip', 'install', '--user', '--no-input', '--', ...requirements];
  return { program: 'argv', argv };
}

/** pip, which lists what is installed. */
export function pipList(): Program {
  return { program: 'argv', argv: ['python3', '-m', 'pip', 'list'] };
}

/** ls, which lists a folder for a person. */
export function listFolder(path: string): Program {
  return { program: 'argv', argv: ['ls', '-la', '--', path] };
}
