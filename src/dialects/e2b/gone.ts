import type { FastifyReply, FastifyRequest } from 'fastify';

/** What clients compare letter by letter. */
const NOT_FOUND = 'The sandbox was not found';
const PORT_CLOSED = 'The sandbox is running but port is not open';

/** Modes of a request that no navigation has (Fetch, section 3.2.3). */
const PROGRAM_MODES: readonly unknown[] = ['cors', 'no-cors', 'same-origin', 'websocket'];

/** Answers that there is no such sandbox, that it is paused, or that it is over: clients take them for the same. */
export function sendGone(request: FastifyRequest, reply: FastifyReply, sandboxId: string): FastifyReply {
  return send(request, reply, { sandboxId, message: NOT_FOUND, code: 502 });
}

/** Answers that nothing listens on a port of a sandbox. */
export function sendPortClosed(
  request: FastifyRequest,
  reply: FastifyReply,
  { id: sandboxId, port }: { readonly id: string; readonly port: number },
): FastifyReply {
  return send(request, reply, { sandboxId, message: PORT_CLOSED, port, code: 502 });
}

/** Answers that a port needs a token which the request does not show. */
export function sendNoTraffic(request: FastifyRequest, reply: FastifyReply, sandboxId: string): FastifyReply {
  const message =
    'Sandbox is secured with traffic access token. Token header e2b-traffic-access-token is missing or wrong';
  return send(request, reply, { sandboxId, message, code: 403 });
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  body: { readonly code: number; readonly message: string; readonly sandboxId: string; readonly port?: number },
): FastifyReply {
  request.failure = { error: body.code === 403 ? 'forbidden' : 'unreachable' };
  reply.code(body.code).header('Cache-Control', 'no-store');
  if (!isPageWanted(request)) return reply.type('application/json').serializer(JSON.stringify).send(body);
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title></head><body><p>${body.message}</p></body></html>`;
  return reply.type('text/html; charset=utf-8').send(page);
}

/** True where a person looks at the answer. */
function isPageWanted({ headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? '';
  if (/\bjson\b/i.test(accept) && !/\bhtml\b/i.test(accept)) return false;
  if (PROGRAM_MODES.includes(headers['sec-fetch-mode']) || headers['x-requested-with'] !== undefined) return false;
  return /\bMozilla\/|\bOpera\//.test(headers['user-agent'] ?? '');
}
