import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askHost } from '../../support/host-client.ts';
import { headerOf, startPortApp, type Told } from '../../support/port-app.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const PORT = 8000;
const PAGE = { accept: 'text/html' };

let server: RealServer;
/** Where the port is shown, without a slash at its end. */
let preview: string;

beforeAll(async () => {
  server = await startRealServer();
  await startPortApp(server, 'u', PORT);
  const { body } = await server.call('GET', `/sandbox/u/ports/${PORT}`);
  preview = body.preview_url.replace(/\/$/, '');
}, 300_000);

afterAll(() => server?.close());

const key = () => ({ 'x-api-key': server.apiKey });
const share = async (): Promise<string> => (await server.call('POST', `/sandbox/u/ports/${PORT}`)).body.preview_url;
const toTold = (text: string): Told => JSON.parse(text) as Told;

describe('the host of a private port', () => {
  it('takes the key, and does not pass it on', async () => {
    expect((await askHost(`${preview}/x`)).status).toBe(401);
    for (const headers of [key(), { authorization: `Bearer ${server.apiKey}` }]) {
      const { status, text } = await askHost(`${preview}/x?y`, { headers });
      expect(status).toBe(200);
      const told = toTold(text);
      expect(told.path).toBe('/x?y');
      expect(headerOf(told, 'host')).toBe(new URL(preview).host);
      expect(headerOf(told, 'x-api-key')).toBeUndefined();
      expect(headerOf(told, 'authorization')).toBeUndefined();
    }
  });

  it('takes a URL that was signed for it, and gives a browser a cookie in its place', async () => {
    const url = await share();
    const program = await askHost(url.replace('/?', '/deep?a=1&'));
    expect(toTold(program.text).path).toBe('/deep?a=1');
    const visit = await askHost(url.replace('/?', '//evil.example/?a=1&'), { headers: PAGE });
    expect([visit.status, visit.headers.location]).toEqual([303, '/.//evil.example/?a=1']);
    const [cookie = ''] = visit.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-clara-port=[^;]+; Path=\/; Max-Age=3\d{3}; HttpOnly; Secure; SameSite=Lax$/);
    const headers = { cookie: `a=b; ${cookie.split(';')[0]}; c=d`, authorization: 'Bearer of-the-app' };
    const told = toTold((await askHost(`${preview}/next`, { headers })).text);
    expect(headerOf(told, 'cookie')).toBe('a=b; c=d');
    expect(headerOf(told, 'authorization')).toBe('Bearer of-the-app');
  });

  it('does not take the cookie of what a page of another origin asks', async () => {
    const [cookie = ''] = (await askHost(await share(), { headers: PAGE })).headers['set-cookie'] ?? [];
    const shown = { cookie: cookie.split(';')[0] ?? '' };
    const own = { ...shown, origin: preview, 'sec-fetch-site': 'same-origin' };
    expect((await askHost(`${preview}/x`, { method: 'POST', headers: own })).status).toBe(200);
    for (const foreign of [
      { origin: 'null' },
      { origin: preview.replace(/\d-/, '1-') },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' },
    ]) {
      expect((await askHost(`${preview}/x`, { headers: { ...shown, ...foreign } })).status).toBe(403);
    }
    const link = { ...shown, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await askHost(`${preview}/x`, { headers: link })).status).toBe(200);
  });

  it('opens a WebSocket for who has the signed URL, and ends it when that is revoked', async () => {
    const socket = new WebSocket(
      (await share())
        .replace(/^http/, 'ws')
        .replace('/?', '/ws?')
        .replace(/\/\/[^/:]+/, '//127.0.0.1'),
      {
        headers: { host: new URL(preview).host },
      },
    );
    const heard = await new Promise<string>((resolve, reject) => {
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
    expect(heard).toBe('hello');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await server.call('POST', '/sandbox/u/sign/revoke');
    expect(await closed).toBe(1006);
    const before = preview;
    preview = (await server.call('GET', `/sandbox/u/ports/${PORT}`)).body.preview_url.replace(/\/$/, '');
    expect(preview).not.toBe(before);
    expect((await askHost(`${before}/x`, { headers: key() })).status).toBe(502);
  });
});

describe('the host of a port', () => {
  it('keeps the headers of the app but for what would reach further than its host', async () => {
    const set = [
      'Set-Cookie:a=b; Domain=localhost; Path=/',
      'Set-Cookie:__Host-clara-port=x',
      'Clear-Site-Data:"cookies"',
    ];
    const query = set.map((one) => `set=${encodeURIComponent(one)}`).join('&');
    const { headers } = await askHost(`${preview}/headers?${query}&set=X-Own:1`, { headers: key() });
    expect(headers['set-cookie']).toEqual(['a=b; Path=/']);
    expect(headers['x-own']).toBe('1');
    expect(headers['clear-site-data']).toBeUndefined();
    expect(headers['content-security-policy']).toBeUndefined();
    expect(headers['x-frame-options']).toBeUndefined();
  });

  it('is open to all where the port is public, who count as no wrong keys', async () => {
    await server.call('PUT', `/sandbox/u/ports/${PORT}`, { visibility: 'public', path_prefix: '/app' });
    for (let at = 0; at < 15; at += 1) {
      const { status, text } = await askHost(`${preview}/x`, { headers: { authorization: 'Basic d3Jvbmc6d3Jvbmc=' } });
      expect(status).toBe(200);
      expect(toTold(text).path).toBe('/app/x');
      expect(headerOf(toTold(text), 'authorization')).toBe('Basic d3Jvbmc6d3Jvbmc=');
    }
    await server.call('PUT', `/sandbox/u/ports/${PORT}`, { visibility: 'private' });
    expect((await askHost(`${preview}/x`)).status).toBe(401);
  });

  it('shows browsers a page that asks again where nothing listens', async () => {
    const nothing = preview.replace(/\/\/\d+-/, '//8001-');
    const page = await askHost(`${nothing}/`, { headers: { ...key(), ...PAGE } });
    expect([page.status, page.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    expect(page.text).toMatch(/http-equiv="refresh".*Nothing listens on port 8001/s);
    const other = await askHost(`${nothing}/`, { headers: key() });
    expect(JSON.parse(other.text)).toEqual({ error: 'Nothing listens on port 8001 of the sandbox.' });
  });

  it('wakes a frozen sandbox, and neither starts a stopped one nor makes one that was deleted', async () => {
    await server.call('POST', '/sandbox/u/pause');
    expect((await askHost(`${preview}/x`, { headers: key() })).status).toBe(200);
    await server.call('POST', '/sandbox/u/stop');
    expect((await askHost(`${preview}/x`, { headers: key() })).status).toBe(502);
    expect((await server.call('GET', '/sandbox/u/ports')).body.ports).toMatchObject([{ port: PORT, process: null }]);
    await server.call('DELETE', '/sandbox/u');
    expect((await askHost(`${preview}/x`, { headers: key() })).status).toBe(404);
  });
});
