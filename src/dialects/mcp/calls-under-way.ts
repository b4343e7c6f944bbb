import { z } from 'zod';

const requestId = z.union([z.string(), z.number()]);
const request = z.looseObject({ id: requestId, method: z.string() });
const cancellation = z.looseObject({
  method: z.literal('notifications/cancelled'),
  params: z.looseObject({ requestId }),
});

/** Who has sent a message: the holder of a key, and the label that one of its clients has got. */
export interface Sender {
  readonly principal: string;
  readonly label: string;
}

/**
 * Finds the calls that clients cancel by a message of its own, as the protocol has it until 2025-11-25. Later versions cancel by
 * closing the stream of the answer.
 */
export class CallsUnderWay {
  readonly #calls = new Map<string, Set<AbortController>>();

  /** Notes what a body asks for until `done` is called; a cancellation in it ends what it names. */
  note(sender: Sender, body: unknown, call: AbortController): { readonly done: () => void } {
    const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
    for (const message of messages) this.#cancel(sender, message);
    const keys = messages.flatMap((message) => {
      const parsed = request.safeParse(message);
      return parsed.success ? [keyOf(sender, parsed.data.id)] : [];
    });
    for (const key of keys) this.#calls.set(key, (this.#calls.get(key) ?? new Set()).add(call));
    return {
      done: () => {
        for (const key of keys) {
          const calls = this.#calls.get(key);
          calls?.delete(call);
          if (calls?.size === 0) this.#calls.delete(key);
        }
      },
    };
  }

  #cancel(sender: Sender, message: unknown): void {
    const parsed = cancellation.safeParse(message);
    if (!parsed.success) return;
    const calls = this.#calls.get(keyOf(sender, parsed.data.params.requestId));
    // Of two clients without a label that use the same number, nobody knows whose call is meant.
    if (calls?.size === 1) for (const call of calls) call.abort();
  }
}

function keyOf({ principal, label }: Sender, id: string | number): string {
  return JSON.stringify([principal, label, id]);
}
