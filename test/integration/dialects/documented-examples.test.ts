import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ExampleDocument,
  type ExampleRequest,
  exampleDocument,
  toExampleRequests,
  toPatterns,
} from '../../support/documented-examples.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

/** Makes what the others are about. */
const FIRST = 'createSandbox';

/** Needs a file, which the page asks for: a zip archive of nothing stands for it. */
const UPLOADS: Readonly<Record<string, Buffer>> = {
  uploadFolder: Buffer.from(`PK\u0005\u0006${'\0'.repeat(18)}`, 'latin1'),
};

/** Is a form, which brings a content type of its own. */
const FORM = 'uploadForm';

/** No plain request opens a WebSocket. */
const SOCKET = 'attachTerminal';

/** Goes on for as long as its folder is there. */
const ENDLESS = 'watchFolder';

let server: RealServer;
let document: ExampleDocument;
let requests: readonly ExampleRequest[];

beforeAll(async () => {
  // Secrets are for sandboxes whose way out leads through the server.
  server = await startRealServer({ SANDBOX_NETWORK: 'proxy' });
  document = exampleDocument.parse((await server.call('GET', '/docs/json')).body);
  requests = toExampleRequests(document).filter(({ operationId }) => operationId !== SOCKET);
});
afterAll(() => server.close());

async function statusOf({ operationId, method, url, headers, body }: ExampleRequest): Promise<number> {
  if (operationId === FORM) return await statusOfForm(url);
  const answer = await fetch(`${server.url}${url}`, {
    method,
    headers: { 'x-api-key': server.apiKey, ...headers },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: UPLOADS[operationId] ?? body ?? null }),
  });
  if (operationId === ENDLESS) await answer.body?.cancel();
  else await answer.arrayBuffer();
  return answer.status;
}

async function statusOfForm(url: string): Promise<number> {
  const body = new FormData();
  body.append('path', '/workspace');
  body.append('file', new Blob(['text']), 'form.txt');
  const headers = { 'x-api-key': server.apiKey };
  return (await fetch(`${server.url}${url}`, { method: 'POST', headers, body })).status;
}

describe('the example of each documented route', () => {
  it('succeeds as it stands, once the sandbox is there', async () => {
    const ordered = [...requests].sort((one, other) => rank(one) - rank(other));
    const statuses: Record<string, number> = {};
    for (const request of ordered) statuses[request.operationId] = await statusOf(request);
    expect(ordered.length).toBeGreaterThan(15);
    // Limits change there with a restart, for which the example does not ask.
    const refused = IS_GVISOR ? [['updateSandbox', 409]] : [];
    expect(Object.entries(statuses).filter(([, status]) => status < 200 || status > 299)).toEqual(refused);
  });

  it('is what its pattern allows, without any flag', () => {
    const patterns = toPatterns(document);
    expect(patterns.length).toBeGreaterThan(10);
    expect(patterns.filter(({ pattern, example }) => !new RegExp(pattern).test(example))).toEqual([]);
  });
});

/** A sandbox is made first, and its end comes last. */
function rank({ operationId, method }: ExampleRequest): number {
  if (operationId === FIRST) return 0;
  // Behind what settles something for the port.
  if (operationId === 'getPort') return 2;
  if (['deleteProcess', 'deleteContext', 'deleteSecret'].includes(operationId)) return 2;
  // A restore ends what runs.
  if (operationId === 'restoreCheckpoint') return 3;
  if (operationId === 'deleteCheckpoint') return 4;
  return method === 'DELETE' ? 5 : 1;
}
