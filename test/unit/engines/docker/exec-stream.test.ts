import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExecStream } from '../../../../src/engines/docker/exec-stream.ts';

const MIB = 2 ** 20;

/** A frame of Docker's, as it comes over the socket. */
function frame(stream: 1 | 2, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

let stream: ExecStream;
/** The engine's end. */
let engine: Duplex;

beforeEach(() => {
  const [near, far] = duplexPair();
  engine = far;
  stream = new ExecStream(near);
  stream.on('error', () => undefined);
  engine.on('error', () => undefined);
});
afterEach(() => {
  stream.abandon();
  engine.destroy();
});

/** Writes until nobody takes it; how much was taken. */
async function flood(chunk: Buffer): Promise<number> {
  let bytes = 0;
  while (bytes < 64 * MIB) {
    const taken = new Promise<boolean>((resolve) => engine.write(chunk, () => resolve(true)));
    const waited = new Promise<boolean>((resolve) => setImmediate(() => setImmediate(() => resolve(false))));
    if (!(await Promise.race([taken, waited]))) return bytes;
    bytes += chunk.length;
  }
  return bytes;
}

describe('the stream of a program that was destroyed', () => {
  it('ends its stdin, and is closed when the program has ended', async () => {
    engine.resume();
    const ended = once(engine, 'end');
    stream.destroy();
    await ended;
    engine.end(frame(1, 'the rest of what it had to say'));
    await stream.closedByEngine;
    expect(stream.isHeldBack).toBe(false);
  });

  it('is not read while the program writes on, and closes when it is abandoned', async () => {
    engine.resume();
    stream.destroy();
    expect(await flood(frame(1, Buffer.alloc(65_536)))).toBeLessThan(2 * MIB);
    expect(stream.isHeldBack).toBe(true);
    const closed = once(engine, 'close');
    const byEngine = vi.fn();
    void stream.closedByEngine.then(byEngine);
    const socketClosed = new Promise<void>((resolve) => stream.onSocketClose(resolve));
    stream.abandon();
    await socketClosed;
    engine.destroy();
    await closed;
    expect(byEngine).not.toHaveBeenCalled();
  });
});

describe('the stream of a program that writes for ever', () => {
  it('to stderr is destroyed, and not read any more', async () => {
    stream.resume();
    expect(await flood(frame(2, Buffer.alloc(65_536)))).toBeLessThan(4 * MIB);
    expect(stream.destroyed).toBe(true);
    expect(stream.isHeldBack).toBe(true);
  });

  it('byte by byte is read in portions, and loses nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      let received = 0;
      stream.on('data', (chunk: Buffer) => (received += chunk.length));
      engine.write(Buffer.concat(Array.from({ length: 5_000 }, () => frame(1, 'x'))));
      engine.write(frame(1, 'y'));
      await new Promise(setImmediate);
      expect(received).toBe(5_000);
      await new Promise(setImmediate);
      expect(received).toBe(5_000);
      vi.advanceTimersByTime(100);
      await new Promise(setImmediate);
      expect(received).toBe(5_001);
    } finally {
      vi.useRealTimers();
    }
  });

  it('in large pieces is read as fast as it is taken', async () => {
    let received = 0;
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    expect(await flood(frame(1, Buffer.alloc(32_768)))).toBeGreaterThanOrEqual(64 * MIB);
    expect(received).toBeGreaterThan(63 * MIB);
  });
});
