import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeAgent } from '../../../fakes/fake-agent.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

const PATH = '/sandbox/u/archive?path=/workspace';

let fake: FakeApp;
let agent: FakeAgent;
let port: number;

beforeAll(async () => {
  const engine = new FakeEngine();
  engine.onAgent = (made) => {
    agent = made;
  };
  fake = await startNativeApp({ SANDBOX_POOL_SIZE: '0' }, engine);
  const { port: chosen } = new URL(await fake.app.listen({ host: '127.0.0.1', port: 0 }));
  port = Number(chosen);
  await fake.call('POST', '/sandbox/u/create');
});

afterAll(() => fake.close());

/** What a client of an HTTP version hears, and how its connection ends. */
async function ask(version: '1.0' | '1.1'): Promise<{ heard: string; error: string | undefined }> {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  let error: string | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    heard += text;
    // What is still to come follows once this much is here.
    if (heard.includes('some bytes')) agent.die();
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code;
  });
  socket.write(`GET ${PATH} HTTP/${version}\r\nHost: x\r\nConnection: close\r\nX-API-Key: ${API_KEY}\r\n\r\n`);
  await new Promise((resolve) => socket.once('close', resolve));
  return { heard, error };
}

/** An agent that sends some bytes of an archive, and then nothing until it ends. */
function sendSome(bytes: number | null): void {
  agent.onPack = async (channel) => {
    channel.event({ bytes });
    await channel.write(1, Buffer.from('some bytes'));
    return await once(channel.signal, 'abort');
  };
}

describe('an archive that breaks off', () => {
  it.each([
    ['1.1', null, /transfer-encoding: chunked/i, /\r\n0\r\n\r\n$/],
    ['1.1', 100, /content-length: 100/i, /some bytes.{90}/],
    ['1.0', 100, /content-length: 100/i, /some bytes.{90}/],
  ] as const)('over HTTP/%s with size %s lacks what would be its end', async (version, bytes, head, end) => {
    sendSome(bytes);
    const { heard } = await ask(version);
    expect(heard).toMatch(head);
    expect(heard).not.toMatch(end);
  });

  it('over HTTP/1.0 without a size is a reset of the connection, whose end would be that of the archive', async () => {
    sendSome(null);
    const { heard, error } = await ask('1.0');
    expect([heard.includes('some bytes'), /content-length|chunked/i.test(heard), error]).toEqual([
      true,
      false,
      'ECONNRESET',
    ]);
  });
});

it('a whole archive over HTTP/1.0 ends in order, with its size', async () => {
  agent.onPack = async (channel) => {
    channel.event({ bytes: 3 });
    await channel.write(1, Buffer.from('abc'));
    return {};
  };
  const { heard, error } = await ask('1.0');
  expect([heard.endsWith('\r\n\r\nabc'), /content-length: 3/i.test(heard), error]).toEqual([true, true, undefined]);
});
