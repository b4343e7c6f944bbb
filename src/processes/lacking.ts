import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';
import type { Program } from './programs.ts';

/** What an image lacks that a language needs is `invalid`, with the field; any other failure stays as it is. */
export function namingLanguage(error: unknown, program: Program): unknown {
  if (program.program === 'argv' || !program.needs) return error;
  if (!(error instanceof AgentFailure) || error.code !== 'unsupported') return error;
  const sentence = `This sandbox cannot run ${program.language}. ${error.message}`;
  return new SandboxError('invalid', sentence, { cause: error, field: 'language' });
}

/** The same, and a working folder that is not there, where the answer is not of the program itself. */
export function namingFields(error: unknown, program: Program): unknown {
  if (!(error instanceof AgentFailure) || error.code !== 'not_directory') return namingLanguage(error, program);
  return new SandboxError('invalid', error.message, { cause: error, field: 'cwd' });
}
