import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../../src/base/log.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;
let logged: string[] = [];
let isClosed = false;

beforeEach(async () => {
  const destination = { write: (line: string) => void logged.push(line) };
  fake = await startNativeApp({}, undefined, { logger: createLogger('info', destination) });
  logged = [];
  isClosed = false;
});
afterEach(async () => {
  if (!isClosed) await fake.close();
});

const ask = (key: string | undefined, remoteAddress: string, url = '/info') =>
  fake.inject({ method: 'GET', url, headers: key ? { 'x-api-key': key } : {}, remoteAddress });

const lines = () => logged.map((line) => JSON.parse(line) as Record<string, unknown>);

const lineCount = (message: string) => lines().filter(({ msg }) => msg === message).length;

/** What the numbers of all lines in bulk come to, by status; the server is closed, which writes the last of them. */
async function inBulk(message: string): Promise<Record<string, number>> {
  if (!isClosed) await fake.close();
  isClosed = true;
  const sums: Record<string, number> = {};
  for (const line of lines().filter(({ msg }) => msg === message)) {
    for (const [status, count] of Object.entries(line.statuses as Record<string, number>)) {
      sums[status] = (sums[status] ?? 0) + count;
    }
  }
  return sums;
}

async function askOften(
  count: number,
  key: string | undefined,
  url?: string,
  address = (_number: number) => '198.51.100.1',
) {
  for (let asked = 0; asked < count; asked += 1) await ask(key, address(asked), url);
}

describe('the log of strangers', () => {
  it('has thirty wrong keys of one address, and the others as a number', async () => {
    await askOften(200, 'wrong');
    expect(lineCount('wrong key')).toBe(30);
    fake.clock.nowMs += 60_000;
    await askOften(20, 'wrong');
    expect(lineCount('wrong key')).toBe(40);
    expect(await inBulk('wrong keys in bulk')).toEqual({ '429': 180 });
  });

  it('has a hundred others of one address, be they answered or refused, and the rest as a number', async () => {
    await askOften(60, undefined);
    await askOften(60, undefined, '/nothing');
    await askOften(30, undefined, '/health');
    expect(lineCount('answered')).toBe(100);
    expect(await inBulk('answered in bulk')).toEqual({ '404': 20, '200': 30 });
  });

  it('has the wrong keys of an address that has used up all its other lines', async () => {
    await askOften(300, undefined);
    await askOften(30, 'wrong');
    expect(lineCount('wrong key')).toBe(30);
  });

  it('has a thousand lines of all addresses together, and one of IPv6 is the network of its client', async () => {
    await askOften(1_100, 'wrong', undefined, (number) => `203.0.${number >> 8}.${number & 255}`);
    expect(lineCount('wrong key')).toBe(1_000);
    fake.clock.nowMs += 60_000;
    await askOften(40, 'wrong', undefined, (number) => `2001:db8::${number.toString(16)}`);
    expect(lineCount('wrong key')).toBe(1_030);
  });

  it('leaves every request with a right key its line', async () => {
    await askOften(300, undefined);
    const before = logged.length;
    await askOften(150, API_KEY);
    expect(logged).toHaveLength(before + 150);
  });

  it('has what never became a request among them', async () => {
    await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = fake.app.server.address() as AddressInfo;
    logged = [];
    for (let count = 0; count < 130; count += 1) {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.end('nonsense\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
    }
    expect(lineCount('answered')).toBe(100);
    expect(await inBulk('answered in bulk')).toEqual({ '400': 30 });
  });
});
