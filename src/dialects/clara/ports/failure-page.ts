import type { FastifyInstance, FastifyRequest } from 'fastify';

/** After so long a page asks again, in seconds. */
const AGAIN_SECONDS = 2;

/** What may be otherwise in a moment: nothing listens yet, the sandbox is full or stopped. */
const PASSING: readonly number[] = [502, 503];

/** Shows failures of this scope to browsers as small pages, of which those that may pass ask again by themselves. */
export function showFailuresAsPages(scope: FastifyInstance): void {
  scope.addHook('onSend', async (request, reply, payload) => {
    if (request.failure === null || typeof payload !== 'string' || !isPageWanted(request)) return payload;
    const isPassing = PASSING.includes(reply.statusCode);
    reply.header('Content-Type', 'text/html; charset=utf-8').header('Cache-Control', 'no-store');
    return toPage(sentenceOf(payload), isPassing);
  });
}

/** True for a GET, whose answer a browser shows as a page. */
export function isPageWanted({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && /\btext\/html\b/i.test(headers.accept ?? '');
}

function sentenceOf(payload: string): string {
  const body: unknown = JSON.parse(payload);
  return typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : '';
}

function toPage(sentence: string, isPassing: boolean): string {
  const again = isPassing ? `<meta http-equiv="refresh" content="${AGAIN_SECONDS}">` : '';
  const hint = isPassing ? '<p>This page asks again by itself.</p>' : '';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${again}<title>Preview</title></head><body><p>${toHtml(sentence)}</p>${hint}</body></html>`;
}

function toHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
