import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showTerminal } from '../../../../../src/dialects/clara/processes/terminal-socket.ts';

/** A viewer that answers pings for as long as it is there. */
class Viewer extends EventEmitter {
  isThere = true;
  isEnded = false;
  pings = 0;

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
  resume(): void {}
  send(): void {}
}

let viewer: Viewer;

beforeEach(() => {
  vi.useFakeTimers();
  viewer = new Viewer();
  const open = () => new Promise<never>(() => undefined);
  const { signal: closing } = new AbortController();
  showTerminal(viewer, { open, resize: async () => undefined, closing, expires: null });
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
});
