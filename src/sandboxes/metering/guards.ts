import type { Disks } from '../../disks/disks.ts';
import type { Engine } from '../../engines/engine.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { DiskGuard } from './disk-guard.ts';
import { KernelGuard } from './kernel-guard.ts';

interface GuardsParts {
  readonly disks: Disks;
  readonly engine: Pick<Engine, 'info'>;
  readonly sandboxes: () => Iterable<Sandbox>;
  /** Ends what runs in a sandbox at once; its mutex is held. */
  readonly stop: (sandbox: Sandbox) => Promise<void>;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/** What keeps one sandbox from taking more of the machine than limits of the engine hold it to. */
export class Guards {
  readonly #all: readonly (DiskGuard | KernelGuard)[];

  constructor(parts: GuardsParts) {
    this.#all = [new DiskGuard(parts), new KernelGuard(parts)];
  }

  /** Begins to look. */
  open(): void {
    for (const guard of this.#all) guard.open();
  }

  /** Looks no more, and waits for the looks that are under way. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((guard) => guard.close()));
  }
}
