import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packFolder, writeFile } from '../../../../src/agent/calls/files.ts';
import { encodeJson, FRAME, type Frame, FrameDecoder } from '../../../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { encodeFrame } from '../../../support/frames.ts';

const IDLE_MS = 30_000;
const HOUR_MS = 3_600_000;
const CHUNK = Buffer.alloc(65_536, 1);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that does not wait for time. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

let peer: Duplex;
let frames: Frame[];
let connection: AgentConnection;

const send = (...parts: Parameters<typeof encodeFrame>) => peer.write(encodeFrame(...parts));
const sent = (type: number) => frames.filter((frame) => frame.type === type);
const cancelled = encodeJson({ code: 'cancelled', message: 'The call was cancelled.' });

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [near, far] = duplexPair();
  peer = far;
  frames = [];
  const decoder = new FrameDecoder();
  far.on('data', (chunk: Buffer) => frames.push(...decoder.push(Buffer.from(chunk))));
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

describe('an upload', () => {
  it('waits for a slow sender as long as that takes', async () => {
    const gate = createDeferred<void>();
    async function* slowly() {
      yield CHUNK;
      await gate.promise;
      yield CHUNK;
    }
    const writing = writeFile(connection, '/file', slowly(), { idleMs: IDLE_MS });
    await settle();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(sent(FRAME.CANCEL)).toHaveLength(0);
    gate.resolve();
    await settle();
    expect(sent(FRAME.END)).toHaveLength(1);
    send(FRAME.RESULT, 1, 0, encodeJson({ bytes: 2 * CHUNK.length, created: true }));
    expect(await writing).toEqual({ bytes: 2 * CHUNK.length, created: true });
  });

  it.each([
    ['takes no more bytes', 8],
    ['does not answer after the last byte', 1],
  ])('is cancelled where the agent %s', async (_what, chunks) => {
    const writing = writeFile(connection, '/file', Array<Buffer>(chunks).fill(CHUNK), { idleMs: IDLE_MS });
    const outcome = writing.catch((error: unknown) => error);
    await settle();
    await vi.advanceTimersByTimeAsync(IDLE_MS);
    await settle();
    expect(sent(FRAME.CANCEL)).toHaveLength(1);
    send(FRAME.ERROR, 1, 0, cancelled);
    expect(await outcome).toMatchObject({ code: 'hung' });
    expect(connection.isOpen).toBe(true);
  });

  it('whose sender fails is over only when the agent has let go of it', async () => {
    async function* broken() {
      yield CHUNK;
      throw new Error('The client went away.');
    }
    let isOver = false;
    const outcome = writeFile(connection, '/file', broken(), { idleMs: IDLE_MS })
      .catch((error: unknown) => error)
      .finally(() => {
        isOver = true;
      });
    await settle();
    expect([sent(FRAME.CANCEL).length, sent(FRAME.END).length, isOver]).toEqual([1, 0, false]);
    send(FRAME.ERROR, 1, 0, cancelled);
    expect(await outcome).toMatchObject({ message: 'The client went away.' });
  });

  it('ends with what the agent says, though the sender has more', async () => {
    const endless = createDeferred<void>();
    async function* waiting() {
      yield CHUNK;
      await endless.promise;
    }
    const outcome = writeFile(connection, '/file', waiting(), { idleMs: IDLE_MS }).catch((error: unknown) => error);
    await settle();
    send(FRAME.ERROR, 1, 0, encodeJson({ code: 'no_space', message: 'There is no space left.' }));
    expect(await outcome).toMatchObject({ code: 'no_space' });
  });
});

describe('an archive', () => {
  const opens = () => packFolder(connection, '/folder', 'tar', { idleMs: IDLE_MS });
  const size = (bytes: unknown) => send(FRAME.EVENT, 1, 0, encodeJson({ bytes }));

  it('comes with its size, and has it', async () => {
    const opening = opens();
    size(CHUNK.length);
    const { sizeBytes, body } = await opening;
    send(FRAME.DATA, 1, 1, CHUNK);
    send(FRAME.RESULT, 1, 0, encodeJson({}));
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect([sizeBytes, Buffer.concat(chunks).length]).toEqual([CHUNK.length, CHUNK.length]);
  });

  it.each([CHUNK.length + 1, CHUNK.length - 1])('of %i bytes fails where it has others', async (bytes) => {
    const opening = opens();
    size(bytes);
    const { body } = await opening;
    const read = async () => {
      for await (const _chunk of body);
    };
    const failure = expect(read()).rejects.toMatchObject({ kind: 'conflict' });
    send(FRAME.DATA, 1, 1, CHUNK);
    send(FRAME.RESULT, 1, 0, encodeJson({}));
    await failure;
  });

  it('of a size that is not known may have any', async () => {
    const opening = opens();
    size(null);
    expect((await opening).sizeBytes).toBeNull();
  });

  it.each([
    ['bytes before its size', () => send(FRAME.DATA, 1, 1, CHUNK)],
    ['a size that is none', () => size(-1)],
    ['no size at all', () => send(FRAME.RESULT, 1, 0, encodeJson({}))],
    ['an error', () => send(FRAME.ERROR, 1, 0, encodeJson({ code: 'denied', message: 'Permission denied.' }))],
  ])('with %s is refused before its first byte', async (_what, say) => {
    const opening = opens();
    const refusal = expect(opening).rejects.toThrow();
    say();
    await settle();
    size(CHUNK.length);
    send(FRAME.RESULT, 1, 0, encodeJson({}));
    await refusal;
  });
});
