import { SandboxError } from '../../errors.ts';
import type { FileCopies } from './file-copies.ts';

/** Stands where the engine has no volumes and a sandbox's files are in one: each call throws `unavailable`, but those that clear up find nothing. */
export class NoCopies implements FileCopies {
  async sizeNow(): Promise<never> {
    throw elsewhere();
  }

  async flush(): Promise<never> {
    throw elsewhere();
  }

  async copyNow(): Promise<never> {
    throw elsewhere();
  }

  async settle(): Promise<never> {
    throw elsewhere();
  }

  async seed(): Promise<never> {
    throw elsewhere();
  }

  async prepare(): Promise<never> {
    throw elsewhere();
  }

  async exchange(): Promise<never> {
    throw elsewhere();
  }

  async putBack(): Promise<never> {
    throw elsewhere();
  }

  async dropPrepared(): Promise<void> {}

  async dropOthers(): Promise<void> {}

  async drop(): Promise<void> {}
}

function elsewhere(): SandboxError {
  const sentence = 'The files of the sandbox are in a volume of another engine, which alone can copy them.';
  return new SandboxError('unavailable', sentence);
}
