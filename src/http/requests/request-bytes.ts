import type { IncomingMessage } from 'node:http';
import { SandboxError } from '../../base/errors.ts';

/** True where a body follows the head of a request. RFC 9112, section 6.3. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * The body of a request as it comes. Leaving the loop early leaves the connection open and lets the rest of the body pass
 * unread, so that the client still hears the answer; a client that goes away is an error of kind `invalid`.
 */
export async function* bytesOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk;
  } catch (cause) {
    throw wentAway(cause);
  } finally {
    request.resume();
  }
}

/** The whole body of a request, for one whose length is small; a client that goes away is an error of kind `invalid`. */
export async function wholeBodyOf(request: IncomingMessage): Promise<Buffer> {
  if (request.destroyed) throw wentAway(request.errored);
  const chunks: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', (cause) => reject(wentAway(cause)));
    request.once('close', () => {
      if (!request.complete) reject(wentAway(null));
    });
  });
}

function wentAway(cause: unknown): SandboxError {
  return new SandboxError('invalid', 'The client went away before its upload was complete.', { cause });
}
