import { AgentFailure, type AgentFailureCode } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';

/** The field of a request that an agent's failure to make or use a context is about. */
const FIELD: Partial<Record<AgentFailureCode, string>> = {
  mismatch: 'language',
  unsupported: 'language',
  not_directory: 'cwd',
};

/** What is wrong with the language or the folder of a context is `invalid`, with the field. */
export async function namingFields<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const field = error instanceof AgentFailure ? FIELD[error.code] : undefined;
    if (field === undefined || !(error instanceof AgentFailure)) throw error;
    throw new SandboxError('invalid', error.message, { cause: error, field });
  }
}
