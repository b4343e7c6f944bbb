import type { EngineId } from '../engine.ts';
import type { ExecStream } from './exec-stream.ts';

/** How long the end of a sandbox may take before its streams are let go of, in milliseconds: what writes to them is dead by then. */
const HOLD_MS = 2_000;

/** The streams of programs, by sandbox: those that were destroyed and are held unread would keep the end of their sandbox waiting. */
export class HeldStreams {
  readonly #streams = new Map<EngineId, Set<ExecStream>>();

  /** Takes a stream until the engine closes its socket. */
  add(id: EngineId, stream: ExecStream): void {
    const streams = this.#streams.get(id) ?? new Set<ExecStream>();
    this.#streams.set(id, streams.add(stream));
    stream.onSocketClose(() => {
      streams.delete(stream);
      if (streams.size === 0 && this.#streams.get(id) === streams) this.#streams.delete(id);
    });
  }

  /** Does what ends a sandbox, within the grace. Docker waits ten seconds for somebody to read the streams: it need not. */
  async whileEnding(id: EngineId, graceSeconds: number, work: () => Promise<void>): Promise<void> {
    const timer = setTimeout(() => this.#disown(id), graceSeconds * 1000 + HOLD_MS);
    try {
      await work();
    } finally {
      clearTimeout(timer);
    }
  }

  #disown(id: EngineId): void {
    for (const stream of this.#streams.get(id) ?? []) if (stream.destroyed) stream.abandon();
  }
}
