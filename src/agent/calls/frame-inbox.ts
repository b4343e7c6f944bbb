import { createDeferred, type Deferred } from '../../async/deferred.ts';
import type { Channel } from '../wire/channel.ts';
import { AgentFailure } from '../wire/failures.ts';
import type { ProcessEnd, ProcessFacts } from './processes.ts';

/** More frames than these wait only where an agent sends what it should not: outputs have credit. */
const MAX_FRAMES = 65_536;

/** What comes on an attached channel: where the numbers begin, output by output, gaps, the end. */
export type ProcessFrame =
  | {
      readonly kind: 'opening';
      readonly next: number;
      readonly first: number;
      readonly lostBytes: number;
      /** All bytes of the process before the next output. */
      readonly offsetBytes: number;
      readonly facts: ProcessFacts;
    }
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }
  /** A part of what is shown, and where that is whole: the event of this number is all the parts before it. */
  | { readonly kind: 'part'; readonly bytes: Buffer }
  | { readonly kind: 'shown'; readonly id: number }
  | { readonly kind: 'gap'; readonly next: number; readonly lostBytes: number }
  | { readonly kind: 'end'; readonly id: number; readonly end: ProcessEnd };

/** Frames that wait for their reader; credit goes back as they are taken. */
export class FrameInbox {
  channel: Channel | undefined;
  readonly #frames: ProcessFrame[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: Deferred<void> | undefined;
  #isOpened = false;

  /** Keeps a frame; the first one has to be the opening, and no other. What comes behind a failure is dropped. */
  put(frame: ProcessFrame): void {
    if (this.#failure) return;
    if ((frame.kind === 'opening') === this.#isOpened) {
      this.fail(new AgentFailure('internal', 'The agent tells of a process out of order.'));
      return;
    }
    this.#isOpened = true;
    if (this.#frames.length >= MAX_FRAMES) {
      this.fail(new AgentFailure('internal', 'The agent says more of a process than anybody asked for.'));
      return;
    }
    this.#frames.push(frame);
    this.#wake?.resolve();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.resolve();
  }

  async take(): Promise<ProcessFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) {
        if (frame.kind === 'output' || frame.kind === 'part') this.channel?.consumed(frame.bytes.length);
        return frame;
      }
      if (this.#failure) throw this.#failure.error;
      this.#wake = createDeferred();
      await this.#wake.promise;
    }
  }
}
