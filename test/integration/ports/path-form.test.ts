import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { headerOf, startPortApp, type Told } from '../../support/port-app.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const PORT = 8000;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
  await startPortApp(server, 'u', PORT);
}, 300_000);

afterAll(() => server?.close());

const at = (path: string) => `${server.url}/sandbox/u/ports/${PORT}${path}`;

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(at(path), { ...init, headers: { 'x-api-key': server.apiKey, ...init.headers } });
}

const told = async (path: string, init: RequestInit = {}): Promise<Told> =>
  (await (await ask(path, init)).json()) as Told;

describe('the ports of a sandbox', () => {
  it('are those that something listens on, with the process and both addresses', async () => {
    const { body } = await server.call('GET', '/sandbox/u/ports');
    expect(body.ports).toEqual([
      {
        port: PORT,
        process: { id: expect.any(Number), pid: expect.any(Number), command: `python3 port_app.py ${PORT}` },
        visibility: 'private',
        path_prefix: null,
        url: at('/'),
        preview_url: expect.stringMatching(/^http:\/\/8000-[a-z0-9]{20}\.localhost:\d+\/$/),
      },
    ]);
    expect((await server.call('GET', `/sandbox/u/ports/${PORT}`)).body).toEqual(body.ports[0]);
    expect((await server.call('GET', '/sandbox/u/ports/8001')).status).toBe(404);
  });
});

describe('a request to a port', () => {
  it('reaches the server there as it was sent, with what is known of its client', async () => {
    const answer = await told('/a%2Fb/c?x=1&x=%zz', {
      method: 'PATCH',
      body: 'ä',
      headers: { 'idempotency-key': 'k' },
    });
    expect(answer).toMatchObject({ method: 'PATCH', path: '/a%2Fb/c?x=1&x=%zz', body: 'Ã¤' });
    expect(headerOf(answer, 'x-forwarded-for')).toBe('127.0.0.1');
    expect(headerOf(answer, 'x-forwarded-proto')).toBe('http');
    expect(headerOf(answer, 'x-forwarded-host')).toBe(new URL(server.url).host);
    expect(headerOf(answer, 'x-forwarded-prefix')).toBe(`/sandbox/u/ports/${PORT}`);
    expect(headerOf(answer, 'host')).toBe(`localhost:${PORT}`);
    expect(headerOf(answer, 'idempotency-key')).toBe('k');
    expect(headerOf(answer, 'x-api-key')).toBeUndefined();
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('may be %s', async (method) => {
    const answer = await ask('/x', { method });
    expect(answer.status).toBe(200);
    if (method !== 'HEAD') expect(await answer.json()).toMatchObject({ method, path: '/x' });
  });

  it('carries a WebSocket both ways', async () => {
    const socket = new WebSocket(at('/ws').replace(/^http/, 'ws'), ['chat'], {
      headers: { 'x-api-key': server.apiKey },
    });
    const heard = await new Promise<string>((resolve, reject) => {
      socket.on('open', () => socket.send('a'.repeat(70_000)));
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
    expect(heard).toBe('a'.repeat(70_000));
    expect(socket.protocol).toBe('chat');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.close(4001);
    expect(await closed).toBe(4001);
  });
});

describe('the path form', () => {
  it('lets no answer change what a browser holds of the API, nor be one of its pages', async () => {
    const set = ['Set-Cookie:a=b', 'Access-Control-Allow-Origin:*', 'Strict-Transport-Security:max-age=1', 'X-Own:1'];
    const query = set.map((one) => `set=${encodeURIComponent(one)}`).join('&');
    const { headers } = await ask(`/headers?${query}`);
    for (const name of ['set-cookie', 'access-control-allow-origin', 'strict-transport-security']) {
      expect(headers.has(name)).toBe(false);
    }
    expect(headers.get('x-own')).toBe('1');
    expect(headers.get('content-security-policy')).toBe(
      "sandbox allow-scripts allow-forms allow-popups; frame-ancestors 'none'",
    );
    expect((await ask('/x', { headers: { 'service-worker': 'script' } })).status).toBe(403);
  });

  it('takes a signed URL, for all below it, and neither the same for another port nor without it', async () => {
    const { url } = (await server.call('POST', `/sandbox/u/ports/${PORT}`, { expires_in: 60 })).body;
    const opened = await fetch(url.replace('/?', '/a/b?c=d&'), { method: 'POST' });
    expect(await opened.json()).toMatchObject({ method: 'POST', path: '/a/b?c=d' });
    expect(opened.headers.get('cache-control')).toBe('private, no-store');
    expect((await fetch(url.replace(`/ports/${PORT}/`, '/ports/8001/'))).status).toBe(401);
    expect((await fetch(at('/x'))).status).toBe(401);
    expect((await fetch(url.replace('signature=', 'signature=x'))).status).toBe(401);
  });

  it('takes what was signed byte for byte', async () => {
    const path = `/sandbox/u/ports/${PORT}/x?y=1`;
    const { url } = (await server.call('POST', '/sandbox/u/sign', { method: 'GET', path })).body;
    expect(await (await fetch(url)).json()).toMatchObject({ path: '/x?y=1' });
    expect((await fetch(url.replace('y=1', 'y=2'))).status).toBe(401);
  });

  it('is not for pages of other origins that the browser lends its credentials', async () => {
    const basic = `Basic ${Buffer.from(`u:${server.apiKey}`).toString('base64')}`;
    const asked = (origin: string) => fetch(at('/x'), { headers: { authorization: basic, origin } });
    expect((await asked('null')).status).toBe(403);
    expect((await asked('https://evil.example')).status).toBe(403);
    expect((await asked(server.url)).status).toBe(200);
  });
});

describe('a client that closes its side of the connection', () => {
  const open = async (method: string, path: string, body = '') => {
    const client = await RawClient.open(Number(new URL(server.url).port));
    const head = [`Host: ${new URL(server.url).host}`, `X-API-Key: ${server.apiKey}`, `Content-Length: ${body.length}`];
    client.send(`${method} ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\nContent-Type: application/json\r\n\r\n${body}`);
    return client;
  };

  it.each([
    ['GET', '/a/b', '', /"path": "\/a\/b"/],
    ['POST', '/sink', 'x'.repeat(300_000), /"bytes": 300000/],
    ['GET', '/zeros?bytes=3000000', '', /\0{3000000}$/],
  ])('is answered by what is behind a port: %s %s', async (method, path, body, answer) => {
    const client = await open(method, `/sandbox/u/ports/${PORT}${path}`, body);
    client.closeSide();
    const heard = await client.end();
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.test(heard)).toBe(true);
  });

  it('has left where it called the API: its run ends', async () => {
    const count = async () => (await server.shell('u', 'pgrep -x sleep -a | grep -c 7773')).body.output;
    const client = await open('POST', '/sandbox/u/shell', JSON.stringify({ command: 'sleep 7773' }));
    await until('it runs', async () => (await count()) === '1\n');
    client.closeSide();
    expect(await client.end()).toBe('');
    await until('it has ended', async () => (await count()) === '0\n');
  });
});
