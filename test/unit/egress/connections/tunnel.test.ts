import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INITIAL_CREDIT } from '../../../../src/agent/wire/channel.ts';
import { FRAME, type FrameType } from '../../../../src/agent/wire/codec.ts';
import { IncomingChannel } from '../../../../src/agent/wire/incoming-channel.ts';
import { Tunnel } from '../../../../src/egress/connections/tunnel.ts';
import { EgressMeter } from '../../../../src/egress/meter.ts';

const NO_LIMITS = { maxConnections: 8, bytesPerSecond: 0, maxBytes: 0 };

/** The agent's end: what the server has sent on the channel, and what it has given back. */
class Agent {
  readonly frames: { type: FrameType; payload: Buffer }[] = [];
  readonly incoming = new IncomingChannel(2, this, () => undefined);
  #wake: () => void = () => undefined;

  send(type: FrameType, _channel: number, _stream: number, payload: Buffer = Buffer.alloc(0)): void {
    this.frames.push({ type, payload: Buffer.from(payload) });
    this.#wake();
  }

  drained(): undefined {
    return undefined;
  }

  bytes(): number {
    return this.frames.filter(({ type }) => type === FRAME.DATA).reduce((sum, { payload }) => sum + payload.length, 0);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  has(type: FrameType): boolean {
    return this.frames.some((frame) => frame.type === type);
  }
}

let server: Server;
let sockets: { near: Socket; far: Socket };

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  if (near.connecting) await once(near, 'connect');
  far.on('error', () => undefined);
  sockets = { near, far };
});
afterEach(async () => {
  sockets.near.destroy();
  sockets.far.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const IDLE_MS = 60_000;

const clock = { wallMs: () => 0, monotonicMs: () => 0 };

describe('a tunnel', () => {
  it('delivers all bytes of a host that has hung up long before the sandbox reads them', async () => {
    const agent = new Agent();
    const tunnel = new Tunnel(agent.incoming, new EgressMeter(NO_LIMITS, clock), IDLE_MS);
    const carried = tunnel.carry(sockets.near);
    const size = INITIAL_CREDIT + 100_000;
    sockets.far.end(Buffer.alloc(size, 'x'));
    agent.incoming.channel.receiveEnd(0);
    await agent.until(() => agent.bytes() === INITIAL_CREDIT);
    expect(agent.has(FRAME.END)).toBe(false);
    agent.incoming.channel.receiveCredit(INITIAL_CREDIT);
    expect(await carried).toBe('done');
    expect(agent.bytes()).toBe(size);
    expect(agent.frames.at(-1)?.type).toBe(FRAME.RESULT);
    expect(agent.frames.at(-2)?.type).toBe(FRAME.END);
    expect(tunnel.receivedBytes).toBe(size);
  });

  it('gives a sandbox no credit for what the host has not taken, and holds no more than the credit', async () => {
    const agent = new Agent();
    const tunnel = new Tunnel(agent.incoming, new EgressMeter(NO_LIMITS, clock), IDLE_MS);
    for (let at = 0; at < INITIAL_CREDIT; at += 1024) agent.incoming.channel.receiveData(0, Buffer.alloc(1024, 'y'));
    expect(agent.has(FRAME.CREDIT)).toBe(false);
    expect(() => agent.incoming.channel.receiveData(0, Buffer.from('z'))).toThrow(/more than its credit/);
    const carried = tunnel.carry(sockets.near);
    let received = 0;
    sockets.far.on('data', (chunk: Buffer) => (received += chunk.length));
    await agent.until(() => agent.has(FRAME.CREDIT));
    agent.incoming.channel.receiveEnd(0);
    await once(sockets.far, 'end');
    sockets.far.end();
    expect(await carried).toBe('done');
    expect(received).toBe(INITIAL_CREDIT);
  });

  it('ends with the limit of bytes, and says so', async () => {
    const agent = new Agent();
    const tunnel = new Tunnel(agent.incoming, new EgressMeter({ ...NO_LIMITS, maxBytes: 10 }, clock), IDLE_MS);
    const carried = tunnel.carry(sockets.near);
    sockets.far.write('0123456789');
    expect(await carried).toBe('limit');
    expect(agent.frames.at(-1)).toMatchObject({ type: FRAME.ERROR });
    expect(String(agent.frames.at(-1)?.payload)).toContain('"limit"');
    expect(sockets.near.destroyed).toBe(true);
  });

  it('hangs up when the program does', async () => {
    const agent = new Agent();
    const carried = new Tunnel(agent.incoming, new EgressMeter(NO_LIMITS, clock), IDLE_MS).carry(sockets.near);
    agent.incoming.receiveCancel();
    expect(await carried).toBe('cancelled');
    expect(String(agent.frames.at(-1)?.payload)).toContain('"cancelled"');
    expect(sockets.near.destroyed).toBe(true);
  });

  it('says that the connection broke', async () => {
    const agent = new Agent();
    const carried = new Tunnel(agent.incoming, new EgressMeter(NO_LIMITS, clock), IDLE_MS).carry(sockets.near);
    sockets.far.resetAndDestroy();
    expect(await carried).toBe('broken');
    expect(String(agent.frames.at(-1)?.payload)).toContain('"unreachable"');
  });
});

describe('a meter', () => {
  const at = (state: { now: number }) => ({ wallMs: () => 0, monotonicMs: () => state.now });

  it('lets a sandbox use its bandwidth and no more', () => {
    const state = { now: 0 };
    const meter = new EgressMeter({ maxConnections: 1, bytesPerSecond: 1000, maxBytes: 0 }, at(state));
    for (let sent = 0; sent < 20_000; sent += 100) state.now += meter.countBytes(100);
    // Twenty seconds' worth, less the quarter of a second that it may be ahead.
    expect(state.now).toBe(19_750);
    state.now += 60_000;
    expect(meter.countBytes(250)).toBe(0);
    expect(meter.countBytes(100)).toBe(100);
  });

  it('counts connections in and out', () => {
    const meter = new EgressMeter({ maxConnections: 2, bytesPerSecond: 0, maxBytes: 0 }, clock);
    expect([meter.begin(), meter.begin(), meter.begin()]).toEqual([true, true, false]);
    meter.end();
    expect(meter.begin()).toBe(true);
  });

  it('slows a flood of connections down to fifty a second', () => {
    const state = { now: 0 };
    const meter = new EgressMeter(NO_LIMITS, at(state));
    const waits = Array.from({ length: 200 }, () => meter.countDial());
    expect(waits.filter((wait) => wait === 0)).toHaveLength(100);
    expect(waits.at(-1)).toBeCloseTo(2000);
  });

  it('refuses at the door what would wait for longer than all that may wait, and counts none of it', () => {
    const state = { now: 0 };
    const meter = new EgressMeter(NO_LIMITS, at(state));
    const waits = Array.from({ length: 10_000 }, () => meter.countDial());
    expect(waits.filter((wait) => wait !== null)).toHaveLength(250);
    state.now = 1_000;
    expect(Array.from({ length: 10_000 }, () => meter.countDial()).filter((wait) => wait !== null)).toHaveLength(50);
    state.now = 60_000;
    expect(meter.countDial()).toBe(0);
  });
});
