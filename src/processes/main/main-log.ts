import type { Clock } from '../../async/clock.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { LogLine, SandboxLogs } from '../../sandboxes/sandbox-logs.ts';
import type { ProcessEvent } from '../events.ts';
import { OutputLines } from './output-lines.ts';

/** Writes what one main process says into the log of its sandbox. */
export class MainLog {
  readonly #logs: SandboxLogs;
  readonly #clock: Clock;
  readonly #id: SandboxId;
  readonly #waiting = { stdout: new OutputLines(), stderr: new OutputLines() };

  constructor(logs: SandboxLogs, clock: Clock, id: SandboxId) {
    this.#logs = logs;
    this.#clock = clock;
    this.#id = id;
  }

  /** Notes an event of the process; the end of its output takes what is left of its lines. */
  async note(event: ProcessEvent, processId: number): Promise<void> {
    if (event.type === 'stdout' || event.type === 'stderr') {
      const { type, id } = event;
      await this.#write(type, this.#waiting[type].push(event.text), { processId, eventId: id });
    } else if (event.type === 'gap') {
      await this.say('warning', `${event.bytes} bytes of output came faster than they could be kept.`);
    } else if (event.type === 'exit') {
      for (const source of ['stdout', 'stderr'] as const) {
        await this.#write(source, this.#waiting[source].end(), { processId, eventId: event.id });
      }
    }
  }

  /** Notes what the server has to say. */
  async say(level: LogLine['level'], message: string): Promise<void> {
    await this.#logs.append(this.#id, [{ atMs: this.#clock.wallMs(), source: 'system', level, message }]);
  }

  async #write(
    source: 'stdout' | 'stderr',
    messages: readonly string[],
    place: { readonly processId: number; readonly eventId: number },
  ): Promise<void> {
    const atMs = this.#clock.wallMs();
    const level = source === 'stderr' ? 'error' : 'info';
    await this.#logs.append(
      this.#id,
      messages.map((message) => ({ atMs, source, level, message, ...place })),
    );
  }
}
