/** A message of JSON-RPC, as far as it is looked at here: by hand, as every call is, and a schema that does not fit costs more than a call. */
interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

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
      const { id, method } = toMessage(message);
      return isRequestId(id) && typeof method === 'string' ? [keyOf(sender, id)] : [];
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
    if (!isOfMethod(message, 'notifications/cancelled')) return;
    const { params } = message;
    const id: unknown = isObject(params) && 'requestId' in params ? params.requestId : undefined;
    if (!isRequestId(id)) return;
    const calls = this.#calls.get(keyOf(sender, id));
    // Of two clients without a label that use the same number, nobody knows whose call is meant.
    if (calls?.size === 1) for (const call of calls) call.abort();
  }
}

/** True for a message that calls this method. */
export function isOfMethod(message: unknown, method: string): message is Message {
  return toMessage(message).method === method;
}

function toMessage(message: unknown): Message {
  return isObject(message) ? message : {};
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isRequestId(id: unknown): id is string | number {
  return typeof id === 'string' || typeof id === 'number';
}

function keyOf({ principal, label }: Sender, id: string | number): string {
  return JSON.stringify([principal, label, id]);
}
