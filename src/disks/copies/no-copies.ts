import { SandboxError } from '../../errors.ts';
import type { FileCopies } from './file-copies.ts';

/** Stands where nothing copies the files of sandboxes: each call throws `unsupported`, but those that clear up find nothing. */
export class NoCopies implements FileCopies {
  async sizeNow(): Promise<never> {
    throw unsupported();
  }

  async flush(): Promise<never> {
    throw unsupported();
  }

  async copyNow(): Promise<never> {
    throw unsupported();
  }

  async settle(): Promise<never> {
    throw unsupported();
  }

  async seed(): Promise<never> {
    throw unsupported();
  }

  async prepare(): Promise<never> {
    throw unsupported();
  }

  async exchange(): Promise<never> {
    throw unsupported();
  }

  async putBack(): Promise<never> {
    throw unsupported();
  }

  async dropPrepared(): Promise<void> {}

  async dropOthers(): Promise<void> {}
}

function unsupported(): SandboxError {
  const sentence =
    'Checkpoints, snapshots and copies are not made of sandboxes on an Incus of other machines, whose files are in volumes there.';
  return new SandboxError('unsupported', sentence);
}
