import { SandboxError } from '../../base/errors.ts';

/**
 * Runs a call that must answer within `ms`; `doing` completes the sentence "The Docker engine took too long to …".
 * The signal aborts when the call is late or has failed, so that its request never lingers. Throws `timeout` when late.
 */
export async function answerWithin<T>(
  ms: number,
  doing: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new SandboxError('timeout', `The Docker engine took too long to ${doing} (more than ${ms} ms).`)),
      ms,
    );
  });
  try {
    return await Promise.race([call(controller.signal), late]);
  } catch (error) {
    controller.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
