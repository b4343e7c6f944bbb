import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readFile } from '../../../../src/agent/calls/files.ts';
import { encodeJson, FRAME, type Frame, FrameDecoder } from '../../../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { encodeFrame } from '../../../support/frames.ts';

const IDLE_MS = 30_000;
const HOUR_MS = 3_600_000;
const CHUNK = Buffer.alloc(65_536, 1);
const STAT = { type: 'file', size: 4 * CHUNK.length, mtimeNs: '1', mode: 0o644, inode: '1' };

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

async function openDownload() {
  const opening = readFile(connection, '/file', { idleMs: IDLE_MS, exactBytes: STAT.size });
  send(FRAME.EVENT, 1, 0, encodeJson(STAT));
  const { body } = await opening;
  const error = createDeferred<unknown>();
  body.on('error', (cause) => error.resolve(cause));
  return { body, error: error.promise };
}

describe('a download', () => {
  it('waits for a slow reader as long as that takes', async () => {
    const { body } = await openDownload();
    for (let chunk = 0; chunk < 4; chunk += 1) send(FRAME.DATA, 1, 1, CHUNK);
    await settle();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(connection.isOpen).toBe(true);
    expect(sent(FRAME.CANCEL)).toHaveLength(0);
    send(FRAME.RESULT, 1, 0, encodeJson({ bytes: STAT.size }));
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    expect(bytes).toBe(STAT.size);
  });

  it('goes on while the agent moves something now and then', async () => {
    const { body } = await openDownload();
    body.resume();
    for (let chunk = 0; chunk < 4; chunk += 1) {
      await vi.advanceTimersByTimeAsync(IDLE_MS - 1);
      send(FRAME.DATA, 1, 1, CHUNK);
      await settle();
    }
    expect(sent(FRAME.CANCEL)).toHaveLength(0);
    expect(connection.isOpen).toBe(true);
  });

  it('is cancelled where the agent moves nothing for too long, and the agent stays', async () => {
    const { body, error } = await openDownload();
    body.resume();
    send(FRAME.DATA, 1, 1, CHUNK);
    await settle();
    await vi.advanceTimersByTimeAsync(IDLE_MS);
    await settle();
    expect(sent(FRAME.CANCEL)).toHaveLength(1);
    send(FRAME.ERROR, 1, 0, cancelled);
    expect(await error).toMatchObject({ code: 'hung', message: 'The sandbox moved nothing for 30 seconds.' });
    expect(connection.isOpen).toBe(true);
  });

  it('ends the connection where the agent does not even answer the cancellation', async () => {
    const { body, error } = await openDownload();
    body.resume();
    await vi.advanceTimersByTimeAsync(IDLE_MS + 8_000);
    expect(await error).toMatchObject({ code: 'hung' });
    expect(await connection.closed).toMatchObject({ code: 'hung' });
  });

  it('that its reader has left gives the agent credit for the rest, and interrupts nobody', async () => {
    const { body } = await openDownload();
    for (let chunk = 0; chunk < 3; chunk += 1) send(FRAME.DATA, 1, 1, CHUNK);
    await settle();
    body.destroy();
    await settle();
    expect(sent(FRAME.CANCEL)).toHaveLength(1);
    send(FRAME.DATA, 1, 1, CHUNK);
    await settle();
    const credit = sent(FRAME.CREDIT).reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    expect(credit).toBe(4 * CHUNK.length);
    send(FRAME.ERROR, 1, 0, cancelled);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(connection.isOpen).toBe(true);
  });

  it('with fewer bytes than the file had is an error, never a short body', async () => {
    const { body, error } = await openDownload();
    body.resume();
    send(FRAME.DATA, 1, 1, CHUNK);
    send(FRAME.RESULT, 1, 0, encodeJson({ bytes: CHUNK.length }));
    expect(await error).toMatchObject({ kind: 'conflict' });
  });

  it('with more bytes than the file had passes none of them on: they would be taken for the next answer', async () => {
    const { body, error } = await openDownload();
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    for (let chunk = 0; chunk < 5; chunk += 1) send(FRAME.DATA, 1, 1, CHUNK);
    expect(await error).toMatchObject({ kind: 'conflict' });
    expect(bytes).toBeLessThanOrEqual(STAT.size);
  });

  it('of which the agent does not say what it is fails when the agent is done', async () => {
    const opening = readFile(connection, '/file', { idleMs: IDLE_MS });
    send(FRAME.RESULT, 1, 0, encodeJson({ bytes: 0 }));
    await expect(opening).rejects.toMatchObject({ code: 'internal' });
  });

  it.each([1, 3, 4_097])('keeps pieces of %i bytes in few buffers, in their order', async (pieceBytes) => {
    const { body } = await openDownload();
    const content = Buffer.from(Array.from({ length: 120_000 }, (_, index) => index % 251));
    const frames: Buffer[] = [];
    for (let offset = 0; offset < content.length; offset += pieceBytes) {
      frames.push(encodeFrame(FRAME.DATA, 1, 1, content.subarray(offset, offset + pieceBytes)));
    }
    for (let at = 0; at < frames.length; at += 4_000) {
      peer.write(Buffer.concat(frames.slice(at, at + 4_000)));
      await settle();
      // An agent that sends that many frames has to rest, the longer the faster this machine is.
      await vi.advanceTimersByTimeAsync(1_000);
      await settle();
    }
    const chunks: Buffer[] = [];
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    await settle();
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(chunks.length).toBeLessThan(64);
  });

  it('gives the last pieces, though its reader takes them only after the end', async () => {
    const { body } = await openDownload();
    const pieces = Buffer.concat(Array<Buffer>(1_000).fill(encodeFrame(FRAME.DATA, 1, 1, Buffer.from('x'))));
    for (let chunk = 0; chunk < 3; chunk += 1) send(FRAME.DATA, 1, 1, CHUNK);
    peer.write(pieces);
    send(FRAME.DATA, 1, 1, CHUNK.subarray(1_000));
    send(FRAME.RESULT, 1, 0, encodeJson({ bytes: STAT.size }));
    await settle();
    const all: Buffer[] = [];
    for await (const chunk of body) all.push(chunk);
    const whole = Buffer.concat(all);
    expect(whole.length).toBe(STAT.size);
    expect(whole.indexOf('x')).toBe(3 * CHUNK.length);
    expect(whole.lastIndexOf('x')).toBe(3 * CHUNK.length + 999);
  });

  it('holds no more than a window of bytes that nobody reads', async () => {
    await openDownload();
    for (let chunk = 0; chunk < 4; chunk += 1) send(FRAME.DATA, 1, 1, CHUNK);
    await settle();
    const credit = sent(FRAME.CREDIT).reduce((sum, frame) => sum + frame.payload.readUInt32BE(0), 0);
    expect(credit).toBeLessThanOrEqual(2 * CHUNK.length);
  });
});
