import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';
import { RawClient } from '../../support/raw-client.ts';

const WRONG_KEY = 'a-key-that-is-nearly-right';

/** How a key may show: as it is, in HTTP Basic, percent-encoded, or as the bytes of a buffer. */
const FORMS = [API_KEY, WRONG_KEY].flatMap((key) => [
  key,
  Buffer.from(`user:${key}`).toString('base64'),
  Buffer.from(key).toJSON().data.join(','),
]);

interface Operation {
  readonly method: string;
  readonly url: string;
}

let fake: FakeApp;
let logged = '';
let answered = '';

beforeAll(async () => {
  const destination = {
    write: (line: string) => {
      logged += line;
    },
  };
  fake = await startNativeApp({}, undefined, { ...WITH_DOCUMENTS, logger: createLogger('trace', destination) });
});

afterAll(() => fake.close());

async function operations(): Promise<Operation[]> {
  const document: { paths: Record<string, Record<string, unknown>> } = (await fake.call('GET', '/docs/json')).json();
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), url: path.replace('{user_id}', 'u') })),
  );
}

async function askEverything(): Promise<void> {
  let asked = 0;
  const bodies = [
    undefined,
    '{"code": "print(1)", "command": "ls", "package": "x", "path": "a", "content": ""}',
    '{"code": ',
  ];
  for (const key of [API_KEY, WRONG_KEY]) {
    const headers = [
      { 'x-api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` },
      { authorization: key, cookie: `key=${key}`, 'x-api-key': `${key} ` },
    ];
    for (const { method, url } of await operations()) {
      for (const [index, header] of headers.entries()) {
        asked += 1;
        const payload = method === 'GET' || method === 'HEAD' ? undefined : bodies[index % bodies.length];
        const response = await fake.inject({
          method: method as 'GET',
          url: `${url}?path=a&api_key=${key}`,
          // Each a client of its own, so that each has its line.
          remoteAddress: `198.51.100.${asked % 250}`,
          headers: { ...header, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(payload === undefined ? {} : { payload }),
        });
        answered += `${JSON.stringify(response.headers)}\n${response.body}\n`;
      }
    }
  }
}

describe('a key', () => {
  it('is neither logged nor echoed, whatever route it comes to and however that ends', async () => {
    await askEverything();
    fake.engine.down = true;
    await askEverything();
    fake.engine.down = false;
    expect(logged.split('\n').length).toBeGreaterThan(200);
    expect(logged).toContain('"status":401');
    expect(logged).toContain('"status":503');
    for (const form of FORMS) {
      expect(logged).not.toContain(form);
      expect(answered).not.toContain(form);
    }
  });

  it('is neither logged nor echoed where it comes in what is no request', async () => {
    await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = fake.app.server.address() as AddressInfo;
    const before = answered.length;
    for (const text of [
      `GET /info HTTP/1.1\r\nX-API-Key: ${API_KEY}\r\n\r\n`,
      `GET /${API_KEY} HTTP/9.9\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\n\r\n`,
      `GET /info HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nbroken\r\n\r\n`,
      `GET /info HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}${'x'.repeat(20_000)}\r\n\r\n`,
      `GET /%zz${API_KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: ${API_KEY}\r\n\r\n`,
      `GET /unknown/${API_KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: ${API_KEY}\r\n\r\n`,
    ]) {
      const client = await RawClient.open(port);
      client.send(text);
      answered += await client.end();
    }
    expect(answered.length).toBeGreaterThan(before);
    for (const form of FORMS) {
      expect(logged).not.toContain(form);
      expect(answered).not.toContain(form);
    }
  });

  it('is blanked out where a line shows the headers of a request', async () => {
    let line = '';
    const destination = {
      write: (text: string) => {
        line += text;
      },
    };
    const log = createLogger('info', destination);
    const headers = { 'x-api-key': API_KEY, authorization: `Bearer ${API_KEY}`, host: 'x' };
    log.info({ req: { headers }, headers, err: { request: { headers } } }, 'a line');
    expect(line).toContain('"host":"x"');
    expect(line).not.toContain(API_KEY);
  });
});
