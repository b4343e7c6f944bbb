import type { ErrorKind } from '../base/errors.ts';
import type { SandboxId } from '../base/sandbox-address.ts';
import type { SandboxState } from '../base/sandbox-state.ts';

/** How code ended: by itself with exit code 0 or another, by its timeout, for its memory, by a signal, or in a way that nobody knows. */
export type RunEnding = 'ok' | 'exit' | 'timeout' | 'oom' | 'signal' | 'lost';

/** What happens to one sandbox. */
export type CoreEvent = { readonly sandboxId: SandboxId } & (
  | { readonly type: 'state'; readonly from: SandboxState; readonly to: SandboxState }
  /** It is about to be paused, stopped or removed: what is connected to it will hear nothing more. */
  | { readonly type: 'leaving' }
  /** That failed: it is as it was. */
  | { readonly type: 'stays' }
  /** It was brought up for somebody: claimed from the pool, thawed, or started. */
  | { readonly type: 'up'; readonly how: 'claim' | 'resume' | 'start'; readonly tookMs: number }
  /** It could not be brought up. */
  | { readonly type: 'start_failed'; readonly reason: string }
  /** It was stopped to make room for another, and what it worked at with it. */
  | { readonly type: 'eviction'; readonly ended: readonly string[] }
  /** Memory and engine, or server and agent, did not agree; they do again. */
  | { readonly type: 'heal'; readonly reason: string }
  /** All that ran in it was ended, as it took what no limit counts. */
  | { readonly type: 'kill'; readonly reason: string }
  /** Its life was over: removed with its files kept, or purged. */
  | { readonly type: 'end'; readonly by: 'remove' | 'purge' }
  /** Code of a caller ended in it: the language, how long it took and how it ended. */
  | { readonly type: 'run'; readonly language: string; readonly tookMs: number; readonly ending: RunEnding }
  /** Its main process failed and was started again. */
  | { readonly type: 'main_restart' }
  /** Something about it that somebody should look at. */
  | { readonly type: 'alert'; readonly alert: string }
  /** Somebody used it. `error` is the kind of error that the use ended with; null where it ended well. */
  | { readonly type: 'use'; readonly lease: string; readonly tookMs: number; readonly error: ErrorKind | null }
);

type Listener = (event: CoreEvent) => void;

/** Where the core says what happens, for logs and metrics to listen. */
export class CoreEvents {
  readonly #listeners = new Set<Listener>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Calls the listener with each event, at once; what it throws is reported and changes nothing. */
  subscribe(listener: Listener): void {
    this.#listeners.add(listener);
  }

  emit(event: CoreEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
