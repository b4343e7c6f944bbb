import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showTerminal } from '../../../../../src/dialects/clara/processes/terminal-socket.ts';

/** A viewer that answers pings for as long as it is there. */
class Viewer extends EventEmitter {
  isThere = true;
  isEnded = false;
  pings = 0;
  resumed = 0;

  ping(): void {
    this.pings += 1;
    if (this.isThere) this.emit('pong');
  }

  terminate(): void {
    this.isEnded = true;
    this.emit('close');
  }

  close(): void {
    this.emit('close');
  }

  pause(): void {}

  resume(): void {
    this.resumed += 1;
  }

  send(): void {}
}

let viewer: Viewer;
/** What lets a change of the size be over, in their order. */
let resizes: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  viewer = new Viewer();
  const open = () => new Promise<never>(() => undefined);
  const { signal: closing } = new AbortController();
  resizes = [];
  const resize = () => new Promise<void>((resolve) => void resizes.push(resolve));
  showTerminal(viewer, { open, resize, closing, expires: null });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a viewer of a terminal', () => {
  it('is kept while it answers, though nothing is typed and nothing comes', async () => {
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(viewer.pings).toBe(120);
    expect(viewer.isEnded).toBe(false);
  });

  it('is ended once it has not answered for two minutes, and pinged no more', async () => {
    viewer.isThere = false;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(viewer.isEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(viewer.isEnded).toBe(true);
    const { pings } = viewer;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(viewer.pings).toBe(pings);
  });

  it('is read on only when all that it has sent is handled, however much of it came at once', async () => {
    const text = Buffer.from('{"resize": {"rows": 24, "cols": 80}}');
    viewer.emit('message', text, false);
    viewer.emit('message', text, false);
    await vi.advanceTimersByTimeAsync(0);
    resizes[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect([resizes.length, viewer.resumed]).toEqual([2, 0]);
    resizes[1]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(viewer.resumed).toBe(1);
  });
});
