import { AgentFailure } from '../../agent/wire/failures.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Sandbox } from '../registry/sandbox.ts';

interface EndingsParts {
  /** Ends what runs in a sandbox at once; its mutex is held. */
  readonly stop: (sandbox: Sandbox) => Promise<void>;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/** Ends what runs in sandboxes, and keeps nobody who looks for others waiting for that: one may be changed for minutes, and an engine may hang. */
export class Endings {
  readonly #parts: EndingsParts;
  readonly #underWay = new Map<Sandbox, Promise<void>>();

  constructor(parts: EndingsParts) {
    this.#parts = parts;
  }

  /** True while any is under way. */
  get areUnderWay(): boolean {
    return this.#underWay.size > 0;
  }

  /** True until what ran in it has ended, or could not be. */
  includes(sandbox: Sandbox): boolean {
    return this.#underWay.has(sandbox);
  }

  /** Begins to end one, whose calls are told why; what fails is reported. */
  begin(sandbox: Sandbox, reason: string): void {
    if (this.#underWay.has(sandbox)) return;
    const { stop, events, onError } = this.#parts;
    events.emit({ type: 'kill', sandboxId: sandbox.id, reason });
    sandbox.link?.close(new AgentFailure('lost', reason));
    const ended = sandbox.mutex
      .run(() => stop(sandbox))
      .catch(onError)
      .finally(() => this.#underWay.delete(sandbox));
    this.#underWay.set(sandbox, ended);
  }

  /** Waits for those that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }
}
