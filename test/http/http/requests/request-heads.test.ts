import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';
import { RawClient } from '../../../support/raw-client.ts';

const KEY = `X-API-Key: ${API_KEY}\r\n`;

let fake: FakeApp;
let port: number;
const clients: RawClient[] = [];

beforeAll(async () => {
  fake = await startNativeApp();
  await fake.app.listen({ host: '127.0.0.1', port: 0 });
  port = (fake.app.server.address() as AddressInfo).port;
});

afterEach(() => {
  for (const client of clients.splice(0)) client.leave();
});

afterAll(() => fake.close());

/** Sends this on a connection of its own and hears all until the server ends it. */
async function say(text: string): Promise<string> {
  const client = await RawClient.open(port);
  clients.push(client);
  client.send(text);
  return await client.end();
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);

const bodyOf = (answer: string): unknown => JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n')));

const get = (host: string, more = '') => `GET /info HTTP/1.1\r\n${host}${KEY}Connection: close\r\n${more}\r\n`;

describe('the host', () => {
  it.each([
    ['two of them', 'Host: a.example\r\nHost: b.example\r\n'],
    ['the same one twice', 'Host: a.example\r\nHost: a.example\r\n'],
    ['two of them in different cases', 'host: a.example\r\nHOST: b.example\r\n'],
    ['none', ''],
    ['two names in one', 'Host: a.example, b.example\r\n'],
    ['a space', 'Host: a b\r\n'],
    ['a path', 'Host: a.example/x\r\n'],
    ['a user', 'Host: user@a.example\r\n'],
    ['a query', 'Host: a.example?x\r\n'],
    ['a scheme', 'Host: http://a.example\r\n'],
    ['a port that is none', 'Host: a.example:port\r\n'],
    ['two ports', 'Host: a.example:80:80\r\n'],
    ['a quote', 'Host: a"b\r\n'],
    ['markup', 'Host: <script>\r\n'],
    ['a bracket without its end', 'Host: [::1\r\n'],
    ['what is no IPv6 address', 'Host: [zz]\r\n'],
    ['bytes that are not ASCII', 'Host: \xe4.example\r\n'],
  ])('is a 400 with a sentence, and the connection ends, where it has %s', async (_what, host) => {
    for (const more of ['', 'Connection: keep-alive\r\n']) {
      const answer = await say(get(host).replace('Connection: close\r\n', more));
      expect(statusOf(answer)).toBe(400);
      expect(answer).toMatch(/\r\nconnection: close\r\n/i);
      expect(bodyOf(answer)).toEqual({ error: expect.stringMatching(/^[A-Z].*Host.*\.$/) });
    }
  });

  it.each([
    'localhost',
    'a.example:8080',
    'A-b_c.example.',
    '127.0.0.1',
    '[::1]',
    '[2001:db8::1]:8080',
    'xn--bcher-kva.example',
    '',
    'a.example:',
  ])('is taken as %j', async (host) => {
    expect(statusOf(await say(get(`Host: ${host}\r\n`)))).toBe(200);
  });

  it('is not needed in HTTP/1.0, but may not come twice there either', async () => {
    const old = (host: string) => get(host).replace('HTTP/1.1', 'HTTP/1.0');
    expect(statusOf(await say(old('')))).toBe(200);
    expect(statusOf(await say(old('Host: a\r\nHost: b\r\n')))).toBe(400);
  });
});

describe('where a body ends', () => {
  const body = '{"code": "print(1)"}';
  const smuggled = 'GET /info HTTP/1.1\r\nHost: x\r\n\r\n';

  it.each([
    ['two lengths that differ', `Content-Length: ${body.length}\r\nContent-Length: 3\r\n`],
    ['the same length twice', `Content-Length: ${body.length}\r\nContent-Length: ${body.length}\r\n`],
    ['a list of lengths', `Content-Length: ${body.length}, ${body.length}\r\n`],
    ['a length with a sign', `Content-Length: +${body.length}\r\n`],
    ['a length in hexadecimal', 'Content-Length: 0x14\r\n'],
    ['a length and chunks', `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: ${body.length}\r\n`],
    ['chunks that are not the last coding', 'Transfer-Encoding: chunked, gzip\r\n'],
    ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['chunks twice in a list', 'Transfer-Encoding: chunked, chunked\r\n'],
    ['compressed chunks', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['compressed chunks in two headers', 'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n'],
    ['another coding', 'Transfer-Encoding: gzip\r\n'],
    ['what looks like chunks', 'Transfer-Encoding: xchunked\r\n'],
    ['chunks with a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n'],
    ['a space before the colon', `Content-Length : ${body.length}\r\n`],
    ['a folded header', `Content-Length:\r\n ${body.length}\r\n`],
  ])('is a 400 for all that the connection has brought, where it has %s', async (_what, framing) => {
    for (const target of ['POST /sandbox/framed/execute', 'PUT /sandbox/framed/raw?path=a']) {
      const head = `${target} HTTP/1.1\r\nHost: x\r\n${KEY}Content-Type: application/json\r\n${framing}\r\n`;
      const answer = await say(`${head}${body}${smuggled}`);
      expect(statusOf(answer), target).toBe(400);
      expect(answer.match(/HTTP\/1\.1 \d+/g), target).toHaveLength(1);
      expect(bodyOf(answer), target).toEqual({ error: expect.stringMatching(/^[A-Z].*\.$/) });
    }
    expect(fake.engine.sandboxes.size).toBe(0);
  });

  it('may be told by chunks, whatever the case of the word', async () => {
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    for (const coding of ['chunked', 'Chunked']) {
      const head = `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}Content-Type: application/json\r\nTransfer-Encoding: ${coding}\r\n`;
      const answer = await say(`${head}Connection: close\r\n\r\n${chunk}`);
      expect(statusOf(answer)).toBe(200);
    }
    await fake.call('DELETE', '/sandbox/u');
  });
});

describe('a target', () => {
  it.each(['/health#', '/health#a?b', '/health?a#b', '/sandbox/u/raw#path=b&z=?path=a'])(
    'is a 400 with a fragment, as %s',
    async (target) => {
      const answer = await say(`GET ${target} HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`);
      expect(statusOf(answer)).toBe(400);
      expect(bodyOf(answer)).toEqual({ error: 'The target of a request has no fragment.' });
    },
  );
});

describe('a header that may come once', () => {
  it('is a 400 where there are two content types', async () => {
    const body = '{"code": "print(1)"}';
    const types = 'Content-Type: application/json\r\nContent-Type: text/plain\r\n';
    const answer = await say(
      `POST /sandbox/u/execute HTTP/1.1\r\nHost: x\r\n${KEY}${types}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(statusOf(answer)).toBe(400);
    expect(bodyOf(answer)).toEqual({ error: 'The request has two Content-Type headers; send one.' });
  });

  const bearer = `Authorization: Bearer ${API_KEY}\r\n`;

  it.each([
    ['X-API-Key', `${KEY}X-API-Key: wrong\r\n`],
    ['X-API-Key, both right', `${KEY}${KEY}`],
    ['Authorization', `${bearer}Authorization: Bearer wrong\r\n`],
    ['Authorization, the right one last', `Authorization: Bearer wrong\r\n${bearer}`],
    ['Authorization, both right', `${bearer}${bearer}`],
    ['Authorization of two schemes', `${bearer}Authorization: Basic ${btoa(`u:${API_KEY}`)}\r\n`],
  ])('opens nothing where it is a key and comes twice: %s', async (_what, keys) => {
    const answer = await say(`GET /info HTTP/1.1\r\nHost: x\r\n${keys}Connection: close\r\n\r\n`);
    expect(statusOf(answer)).toBe(401);
  });
});

describe('the target of a request', () => {
  it('may be a whole URL', async () => {
    expect(statusOf(await say(get('Host: x\r\n').replace('/info', 'http://other.example/info')))).toBe(200);
  });

  it.each(['/sandbox/größe/status', '/sandbox/u/file?path=größe', '/sandbox/u/file?path=a\x7fb'])(
    'is a 400 that says what to do where it is not encoded: %j',
    async (target) => {
      const answer = await say(get('Host: x\r\n').replace('/info', target));
      expect(statusOf(answer)).toBe(400);
      expect(bodyOf(answer)).toEqual({ error: 'The URL holds characters that must be percent-encoded.' });
    },
  );
});
