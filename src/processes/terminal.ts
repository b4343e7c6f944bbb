import type { TerminalView } from '../agent/calls/terminals.ts';
import type { HeldSandbox } from '../sandboxes/access.ts';
import { exitCodeOf, isCut } from './executions.ts';

/** What a viewer of a terminal is told. */
export type TerminalEvent =
  /** Comes first: how many bytes of the output came before what follows. */
  | { readonly type: 'start'; readonly offset: number; readonly rows: number; readonly cols: number }
  | { readonly type: 'output'; readonly bytes: Buffer }
  /** N bytes are lost to this viewer. */
  | { readonly type: 'gap'; readonly bytes: number }
  | { readonly type: 'exit'; readonly exitCode: number; readonly signal: string | null };

/** Exit code and signal of a process whose sandbox is lost. */
const LOST = { type: 'exit', exitCode: 137, signal: 'SIGKILL' } as const;

/** The terminal of a kept process, as one of several viewers sees it and types on it. */
export class Terminal {
  readonly #view: TerminalView;
  readonly #held: HeldSandbox;
  readonly #after: number | undefined;

  constructor(view: TerminalView, held: HeldSandbox, after: number | undefined) {
    this.#view = view;
    this.#held = held;
    this.#after = after;
  }

  /** Types bytes, as if at the keyboard; resolves when more may be typed. That is a use: a sandbox that was frozen meanwhile is thawed. */
  async type(bytes: Buffer): Promise<void> {
    await this.#held.wake();
    await this.#view.type(bytes);
  }

  /** What is on the terminal, at the viewer's pace, to its exit; ends the view and its hold of the sandbox. */
  async *events(): AsyncGenerator<TerminalEvent> {
    let failure: unknown = null;
    try {
      yield* this.#read();
    } catch (error) {
      if (this.#held.isServerEnding() || !isCut(error)) {
        failure = error;
        throw error;
      }
      yield LOST;
    } finally {
      this.#held.release(failure);
    }
  }

  async *#read(): AsyncGenerator<TerminalEvent> {
    let position = 0;
    for await (const frame of this.#view.frames) {
      switch (frame.kind) {
        case 'opening': {
          position = frame.offsetBytes;
          yield { type: 'start', offset: position, ...(frame.facts.tty ?? { rows: 24, cols: 80 }) };
          if (this.#after !== undefined && this.#after < position) {
            yield { type: 'gap', bytes: position - this.#after };
          }
          break;
        }
        case 'output':
          position += frame.bytes.length;
          yield { type: 'output', bytes: frame.bytes };
          break;
        case 'gap':
          yield { type: 'gap', bytes: frame.lostBytes - position };
          position = frame.lostBytes;
          break;
        case 'end': {
          const { end } = frame;
          yield { type: 'exit', exitCode: exitCodeOf(end), signal: 'failure' in end ? null : end.signal };
        }
      }
    }
  }
}
