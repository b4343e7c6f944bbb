import type { Program } from '../agent/calls/run.ts';

export type { Program };

/** What a program is in, for counting: a language, or `argv` where only its arguments are known. */
export function languageOf(program: Program): string {
  if (program.program === 'argv') return 'argv';
  return program.language ?? (program.program === 'python' ? 'python' : 'bash');
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
