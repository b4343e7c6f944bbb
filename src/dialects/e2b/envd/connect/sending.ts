import { orSilence } from '../../../../http/streams/silence.ts';
import { toConnectError } from './connect-error.ts';
import { toEnvelope } from './envelope.ts';

/** How a stream is written. */
export interface SendingOptions {
  /** What is said after a silence of N ms. */
  readonly ping: unknown;
  readonly pingMs: number;
  /** Hears why a stream ends that does not end well. */
  readonly onFailure: (error: unknown) => void;
  /** True for an error after which the connection is to be cut, so that clients ask what became of the sandbox. */
  readonly isCut: (error: unknown) => Promise<boolean>;
}

/** The envelopes of a stream: its messages as they come, signs of life between them, last how it ended. Throws where it is to be cut. */
export async function* toEnvelopes(
  messages: AsyncGenerator<unknown>,
  { ping, pingMs, onFailure, isCut }: SendingOptions,
): AsyncGenerator<Buffer> {
  try {
    let next = messages.next();
    for (;;) {
      const result = await orSilence(next, pingMs);
      if (result === null) yield toEnvelope(ping);
      else if (result.done) break;
      else {
        yield toEnvelope(result.value);
        next = messages.next();
      }
    }
    yield toEnvelope({}, true);
  } catch (error) {
    onFailure(error);
    if (await isCut(error)) throw error;
    yield toEnvelope({ error: toConnectError(error).body }, true);
  } finally {
    await messages.return(undefined);
  }
}
