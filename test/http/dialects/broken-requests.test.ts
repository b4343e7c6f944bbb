import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asCloudUser } from '../../support/cloud-user.ts';
import { API_KEY, type FakeApp, startFakeApp } from '../../support/fake-app.ts';
import { RawClient } from '../../support/raw-client.ts';

const KEY = `X-API-Key: ${API_KEY}`;
const LATE = { headersMs: 100, bodyMs: 100, checkEveryMs: 20 };

let fake: FakeApp;
let port: number;
let token: string;
const clients: RawClient[] = [];

beforeAll(async () => {
  fake = await startFakeApp({}, undefined, { connectionLimits: LATE });
  await fake.app.listen({ host: '127.0.0.1', port: 0 });
  port = (fake.app.server.address() as AddressInfo).port;
  token = (await asCloudUser(fake, 'user-1')).authorization;
});

afterEach(() => {
  for (const client of clients.splice(0)) client.leave();
});

afterAll(() => fake.close());

async function open(): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n')));

/** Of each client the address that it asks, its credential, and the field in which it reads what is wrong. */
const CLIENTS = [
  ['a K2 client', '/sandboxes', () => KEY, 'detail'],
  ['SandboxClient of New-dev0/Sandbox', '/api/v1/sandboxes', () => KEY, 'detail'],
  ['the Cloud SDK', '/api/v1/sessions', () => `Authorization: ${token}`, 'error'],
  ['an E2B SDK', '/e2b/sandboxes', () => KEY, 'message'],
  ["Clara's bot", '/sandbox/u/execute', () => KEY, 'error'],
] as const;

describe.each(CLIENTS)('%s', (_client, path, credential, field) => {
  it('reads where it reads all errors that its headers are too large', async () => {
    const client = await open();
    client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\n${credential()}\r\nX-Large: ${'x'.repeat(20_480)}\r\n\r\n`);
    const answer = await client.end();
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(bodyOf(answer)[field]).toBe('The URL and the headers are too large together.');
  });

  it('reads there that its address has a bare space', async () => {
    const client = await open();
    client.send(`POST ${path}/a b HTTP/1.1\r\nHost: x\r\n${credential()}\r\n\r\n`);
    const answer = await client.end();
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(bodyOf(answer)[field]).toMatch(/^[A-Z].* .*\.$/);
  });

  it('reads there, and in no field of another API, that its body came too late', async () => {
    const client = await open();
    const head = `Host: x\r\n${credential()}\r\nContent-Type: application/json\r\nContent-Length: 100000`;
    client.send(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
    const answer = await client.end();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    const body = bodyOf(answer);
    expect(body[field]).toBe('The request did not arrive in time.');
    expect('detail' in body).toBe(field === 'detail');
  });
});
