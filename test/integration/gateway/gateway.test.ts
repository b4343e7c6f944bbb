import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClaraClient } from '../../../clients/typescript/src/index.ts';
import { BOT_KEY, FAR_VARIABLES, startGateway, type TestGateway } from '../../support/gateway.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { attach } from '../../support/terminal-client.ts';

const headers = { 'x-api-key': BOT_KEY };
const SERVE =
  'python3 -c "import http.server as h; h.HTTPServer((\'127.0.0.1\', 3000), h.SimpleHTTPRequestHandler).serve_forever()"';

let far: RealServer;
let gateway: TestGateway;
let client: ClaraClient;

beforeAll(async () => {
  far = await startRealServer(FAR_VARIABLES);
  gateway = await startGateway(far.url);
  client = new ClaraClient({ baseUrl: gateway.url, apiKey: BOT_KEY });
});
afterAll(async () => {
  await gateway.close();
  await far.close();
});

const ask = (method: string, path: string, body?: unknown) =>
  fetch(`${gateway.url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('through a gateway to a server with an engine', () => {
  it('code runs, whole and as a stream', async () => {
    const sandbox = client.sandbox('ada');
    expect(await sandbox.execute('print(6 * 7)')).toMatchObject({ success: true, output: '42\n' });
    const types: string[] = [];
    for await (const event of sandbox.streamExecute('print(1, flush=True); print(2)')) types.push(event.event);
    expect(types).toEqual(expect.arrayContaining(['start', 'stdout', 'exit']));
  });

  it('a terminal is seen and typed on', async () => {
    const made = await ask('POST', '/sandbox/ada/processes', { argv: ['bash'], tty: { rows: 24, cols: 80 } });
    const { id } = (await made.json()) as { id: string };
    const terminal = await attach(`${gateway.url}/sandbox/ada/processes/${id}/attach`, headers);
    terminal.type('echo $((40 + 2))\n');
    await terminal.until('42');
    terminal.leave();
    expect((await ask('DELETE', `/sandbox/ada/processes/${id}`)).ok).toBe(true);
  });

  it('files of some size go up and come back as they were', async () => {
    const bytes = randomBytes(8 * 2 ** 20);
    const path = '/sandbox/ada/raw?path=big.bin';
    const put = await fetch(`${gateway.url}${path}`, { method: 'PUT', headers, body: bytes });
    expect(put.ok).toBe(true);
    const back = Buffer.from(await (await ask('GET', path)).arrayBuffer());
    expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('a watch tells of a file that is made', async () => {
    const watching = new AbortController();
    const answer = await fetch(`${gateway.url}/sandbox/ada/fs/watch?path=/workspace`, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: watching.signal,
    });
    expect(answer.ok).toBe(true);
    let seen = '';
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) {
        seen += Buffer.from(chunk).toString();
        if (seen.includes('noticed.txt')) return;
      }
    })();
    await ask('POST', '/sandbox/ada/shell', { command: 'touch /workspace/noticed.txt' });
    await reading;
    watching.abort();
  });

  it('a server in a sandbox is reached by its path and by its host', async () => {
    await ask('POST', '/sandbox/ada/shell', { command: 'mkdir -p site && echo hello > site/index.html' });
    await ask('POST', '/sandbox/ada/processes', { argv: ['sh', '-c', `cd site && ${SERVE}`] });
    await ask('POST', '/sandbox/ada/shell', {
      command:
        'for i in $(seq 100); do python3 -c "import socket; socket.create_connection((\'127.0.0.1\', 3000))" && exit; done',
    });
    expect(await (await ask('GET', '/sandbox/ada/ports/3000/')).text()).toBe('hello\n');
    const { ports } = (await (await ask('GET', '/sandbox/ada/ports')).json()) as {
      ports: { port: number; preview_url: string }[];
    };
    const preview = new URL(ports.find(({ port }) => port === 3000)?.preview_url ?? '');
    expect(preview.port).toBe(new URL(gateway.url).port);
    const sent = request(gateway.url, { headers: { ...headers, host: preview.host } }).end();
    const [answer] = await once(sent, 'response');
    expect([answer.statusCode, String(await once(answer, 'data'))]).toEqual([200, 'hello\n']);
  });
});
