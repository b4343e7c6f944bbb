import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { SandboxError } from '../../../../base/errors.ts';
import { HttpError } from '../../../../http/errors/http-error.ts';

/** A request as those see it who read its body: decompressed where it came compressed. Throws HttpError for other codings than gzip. */
export function decoded(request: FastifyRequest): FastifyRequest {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return request;
  if (coding !== 'gzip' && coding !== 'x-gzip') {
    throw new HttpError(415, `Send the body as it is or with Content-Encoding: gzip; ${coding} is not read.`);
  }
  // What is wrong with the bytes is an error of their reader.
  const raw = pipeline(request.raw, createGunzip(), () => undefined);
  Object.defineProperty(raw, 'headers', { value: request.headers });
  return Object.create(request, { raw: { value: raw } });
}

/** The bytes of a body; leaving the loop early lets the rest pass unread. Throws `invalid` where they break off or are no gzip. */
export async function* bytesOf({ raw }: FastifyRequest): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk;
  } catch (cause) {
    const sentence = 'The upload broke off before it was complete, or is not the gzip that it says it is.';
    throw new SandboxError('invalid', sentence, { cause });
  } finally {
    raw.resume();
  }
}
