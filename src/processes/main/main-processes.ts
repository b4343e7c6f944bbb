import type { SandboxId } from '../../base/sandbox-address.ts';
import { MainRun, type MainRunParts } from './main-run.ts';

interface MainProcessesParts extends MainRunParts {
  readonly onError: (error: unknown) => void;
}

interface Followed {
  readonly run: MainRun;
  readonly done: Promise<void>;
}

/** Runs the main processes of sandboxes: each starts with its sandbox, and the end of it is the end of what runs there. */
export class MainProcesses {
  readonly #parts: MainProcessesParts;
  readonly #followed = new Map<SandboxId, Followed>();
  #isClosed = false;

  constructor(parts: MainProcessesParts) {
    this.#parts = parts;
    parts.events.subscribe((event) => {
      if (event.type !== 'state' || event.to !== 'running' || event.from === 'paused') return;
      if (!this.#isClosed) this.#follow(event.sandboxId);
    });
  }

  /** Resolves once the main process of a sandbox that was started runs, cannot be started, or there is none. */
  async whenStarted(id: SandboxId): Promise<void> {
    await this.#followed.get(id)?.run.started;
  }

  /** Asks the main process of a sandbox to end, and waits for that for so long; it is not started again. */
  async ask(id: SandboxId, graceSeconds: number): Promise<void> {
    await this.#followed.get(id)?.run.ask(graceSeconds);
  }

  /** True while it has failed and waits for its next start. */
  isRestarting(id: SandboxId): boolean {
    return this.#followed.get(id)?.run.isWaiting ?? false;
  }

  /** Leaves all of them to the next server. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const followed = [...this.#followed.values()];
    for (const { run } of followed) run.leave();
    await Promise.all(followed.map(({ done }) => done));
  }

  #follow(id: SandboxId): void {
    const before = this.#followed.get(id);
    before?.run.leave();
    const run = new MainRun(this.#parts, id);
    const done = (before?.done ?? Promise.resolve())
      .then(() => run.follow())
      .catch(this.#parts.onError)
      .finally(() => {
        if (this.#followed.get(id)?.run === run) this.#followed.delete(id);
      });
    this.#followed.set(id, { run, done });
  }
}
