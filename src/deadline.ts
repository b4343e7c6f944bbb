import { SandboxError } from './errors.ts';

/** The promise's value, or a `timeout` error with this sentence after so many milliseconds; the work itself goes on. */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number, sentence: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SandboxError('timeout', sentence, { retryAfterSeconds: 2 })), milliseconds);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
