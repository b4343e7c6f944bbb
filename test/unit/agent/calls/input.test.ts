import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeToProcess, writtenBefore } from '../../../../src/agent/calls/processes.ts';
import { encodeJson, FRAME } from '../../../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import { AgentFailure } from '../../../../src/agent/wire/failures.ts';
import { encodeFrame } from '../../../support/frames.ts';

let peer: Duplex;
let connection: AgentConnection;

const send = (...parts: Parameters<typeof encodeFrame>) => peer.write(encodeFrame(...parts));

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [near, far] = duplexPair();
  peer = far;
  far.resume();
  far.on('error', () => undefined);
  connection = new AgentConnection(near);
  const hello = { protocol: 1, hash: 'h', pid: 1, boot: 'b', python: '3.11', resumed: false };
  send(FRAME.HELLO, 0, 0, encodeJson(hello));
  await connection.hello;
});

afterEach(() => {
  connection.close(new Error('The test is over.'));
  vi.useRealTimers();
});

/** The failure of an input that its process does not read, which the agent answers so. */
async function giveUp(type: typeof FRAME.RESULT | typeof FRAME.ERROR, answer: unknown): Promise<unknown> {
  const options = { closes: false, idleMs: 30_000, signal: new AbortController().signal };
  const failed = writeToProcess(connection, 1, [Buffer.alloc(1000)], options).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(30_000);
  send(type, 1, 0, encodeJson(answer));
  return await failed;
}

describe('input that a process does not read', () => {
  it('is given up with what the agent says was read of it', async () => {
    const failure = await giveUp(FRAME.RESULT, { written: 300 });
    expect(failure).toMatchObject({ code: 'hung' });
    expect(failure instanceof AgentFailure && writtenBefore(failure)).toBe(300);
  });

  it.each([
    [FRAME.RESULT, { written: 'all' }],
    [FRAME.ERROR, { code: 'cancelled', message: 'The call was cancelled.' }],
  ] as const)('counts as unread where the agent does not say', async (type, answer) => {
    const failure = await giveUp(type, answer);
    expect(failure).toMatchObject({ code: 'hung' });
    expect(failure instanceof AgentFailure && writtenBefore(failure)).toBe(0);
  });

  it('is not given up for the time for which its sandbox was frozen', async () => {
    const options = { closes: false, idleMs: 30_000, signal: new AbortController().signal };
    const written = writeToProcess(connection, 1, [Buffer.alloc(1000)], options);
    await vi.advanceTimersByTimeAsync(20_000);
    connection.freezes.isFrozen = true;
    await vi.advanceTimersByTimeAsync(60_000);
    connection.freezes.isFrozen = false;
    send(FRAME.RESULT, 1, 0, encodeJson({ written: 1000 }));
    expect(await written).toBe(1000);
  });
});
