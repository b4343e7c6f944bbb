import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../errors.ts';
import type { Program } from './programs.ts';

/** A folder that is not there and a language that the image lacks are `invalid`, with the field; any other failure stays as it is. */
export function namingFields(error: unknown, program: Program): unknown {
  if (!(error instanceof AgentFailure)) return error;
  if (error.code === 'not_directory') return new SandboxError('invalid', error.message, { cause: error, field: 'cwd' });
  if (program.program === 'argv' || !program.needs || error.code !== 'unsupported') return error;
  const sentence = `This sandbox cannot run ${program.language}. ${error.message}`;
  return new SandboxError('invalid', sentence, { cause: error, field: 'language' });
}
