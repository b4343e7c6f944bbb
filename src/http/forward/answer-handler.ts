import { type Duplex, Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createDeferred } from '../../async/deferred.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import { type Header, toHeaders } from '../../base/message-headers.ts';

/** What a server answered: a body at its reader's pace, or after 101 the connection itself. */
export type Answer = { readonly status: number; readonly headers: readonly Header[] } & (
  | { readonly body: Readable; readonly upgraded: null }
  | { readonly body: null; readonly upgraded: Duplex }
);

/** Makes an answer of what undici tells of one request. */
export class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #answer = createDeferred<Answer>();
  #controller: Dispatcher.DispatchController | undefined;
  #body: Readable | undefined;
  #abortedBy: Error | undefined;
  /** True once the whole answer has come. */
  #isOver = false;

  /** Resolves with the head of the answer; rejects where none comes. */
  get answer(): Promise<Answer> {
    return this.#answer.promise;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortedBy) controller.abort(this.#abortedBy);
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, _headers: unknown, upgraded: Duplex) {
    this.#answer.resolve({ status, headers: headersOf(controller), body: null, upgraded });
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!this.#isOver) controller.abort(error ?? new Error('Nobody reads the answer any more.'));
        done(error);
      },
    });
    // Whoever reads it hears of an error; until somebody does, nobody has to.
    body.on('error', () => undefined);
    this.#body = body;
    this.#answer.resolve({ status, headers: headersOf(controller), body, upgraded: null });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#isOver = true;
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#answer.reject(error);
    this.#body?.destroy(isSandboxError(error) ? error : cutShort(error));
  }

  /** Ends the request where nobody waits for its answer any more. */
  abort(error: Error): void {
    this.#abortedBy = error;
    this.#answer.reject(error);
    this.#controller?.abort(error);
  }
}

function cutShort(cause: Error): SandboxError {
  return new SandboxError('unreachable', 'The connection to the server there ended before its answer did.', { cause });
}

function headersOf({ rawHeaders }: Dispatcher.DispatchController): readonly Header[] {
  return Array.isArray(rawHeaders) ? toHeaders(rawHeaders.map((part) => part.toString('latin1'))) : [];
}
