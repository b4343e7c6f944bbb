import type { IncomingHttpHeaders } from 'node:http';
import { ConnectError } from './connect-error.ts';

/** Of a stream whose client asks for no other, in seconds. */
const USUAL_PING_SECONDS = 90;

/** More than a timer can wait is no deadline. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The time that a call may take, in milliseconds; null where it may take any. Throws ConnectError for what is no number. */
export function toTimeoutMs({ 'connect-timeout-ms': header }: IncomingHttpHeaders): number | null {
  if (header === undefined) return null;
  if (typeof header !== 'string' || !/^\d{1,10}$/.test(header)) {
    throw new ConnectError(
      'invalid_argument',
      'connect-timeout-ms must be a number of milliseconds, of up to ten digits.',
    );
  }
  const timeoutMs = Number(header);
  return timeoutMs > MAX_TIMER_MS ? null : timeoutMs;
}

/** What comes of a stream until its client's deadline, which then ends it with that sentence; null for none. */
export async function* untilDeadline<T>(
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number | null },
  sentence: string,
  stream: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const deadline = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
  try {
    yield* stream(deadline ? AbortSignal.any([signal, deadline]) : signal);
  } catch (error) {
    if (!deadline?.aborted || signal.aborted) throw error;
    throw new ConnectError('deadline_exceeded', sentence);
  }
}

/** How long a stream may be silent before a sign of life, in milliseconds. */
export function toPingMs({ 'keepalive-ping-interval': header }: IncomingHttpHeaders): number {
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : 0;
  return (seconds > 0 ? seconds : USUAL_PING_SECONDS) * 1000;
}
