import { SandboxError } from '../base/errors.ts';

/**
 * The promise's value, or a `timeout` error with this sentence after that time, or the signal's reason once it is raised;
 * the work itself goes on.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  sentence: string,
  signal?: AbortSignal,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: () => void = () => undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SandboxError('timeout', sentence, { retryAfterSeconds: 2 })), milliseconds);
    onAbort = () => reject(signal?.reason);
  });
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
