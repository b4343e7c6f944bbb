import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../../../src/agent/calls/run.ts';
import { FRAME, type FrameType } from '../../../../src/agent/wire/codec.ts';
import type { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import type { IncomingChannel } from '../../../../src/agent/wire/incoming-channel.ts';
import { encodeFrame } from '../../../support/frames.ts';
import { type HostileAgent, hostileAgent } from '../../../support/hostile-agent.ts';
import { withoutWaiting } from '../../../support/without-waiting.ts';

const RUN = { timeoutMs: 1000, deadlineMs: 60_000, capture: { headBytes: 1000, tailBytes: 1000 } };
const MIB = 2 ** 20;

const settled = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code ?? 'rejected',
  );

/** Resolves once all that was written in memory has been delivered. */
const delivered = () => new Promise((resolve) => setImmediate(resolve));

describe('an agent that breaks the protocol', () => {
  const violations: readonly [string, (agent: HostileAgent) => void][] = [
    ['announces 4 GiB', ({ raw }) => raw(Buffer.from([255, 255, 255, 255, 0, 0, 0, 1, FRAME.DATA, 1]))],
    ['sends a frame of an unknown type', ({ raw }) => raw(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 99, 0]))],
    ['greets twice', ({ frame }) => frame(FRAME.HELLO, 0, {})],
    ['sends invalid JSON', ({ frame }) => frame(FRAME.RESULT, 1, Buffer.from('{"a":'))],
    ['nests JSON without end', ({ frame }) => frame(FRAME.RESULT, 1, Buffer.from('['.repeat(MIB)))],
    ['answers a channel that was never opened', ({ frame }) => frame(FRAME.RESULT, 9, {})],
    ['sends bytes on a channel of its own that it never opened', ({ frame }) => frame(FRAME.DATA, 8, Buffer.from('x'))],
    ['opens a channel with one of our numbers', ({ frame }) => frame(FRAME.OPEN, 3, {})],
    ['opens a channel number twice', ({ frame }) => void [2, 2].map((id) => frame(FRAME.OPEN, id, {}))],
    ['gives credit that was never used', ({ frame }) => frame(FRAME.CREDIT, 1, Buffer.from([255, 255, 255, 255]))],
    [
      'sends more than its credit',
      ({ frame }) => Array.from({ length: 5 }, () => frame(FRAME.DATA, 1, Buffer.alloc(65_536), 1)),
    ],
    ['sends a result on channel 0', ({ frame }) => frame(FRAME.RESULT, 0, {})],
  ];

  it.each(violations)('%s: is cut off, and its calls end', async (_what, attack) => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const channel = agent.connection.open('read', {}, { onData: () => undefined });
    attack(agent);
    expect(await settled(channel.result)).toBe('lost');
    expect((await agent.connection.closed).name).toBe('ProtocolError');
    expect(() => agent.connection.open('stat', {})).toThrow(/connection to the sandbox is gone/);
  });

  it('does not greet first: is cut off', async () => {
    const agent = hostileAgent({ greets: false });
    agent.frame(FRAME.RESULT, 1, {});
    expect(await settled(agent.connection.hello)).toBe('lost');
  });

  it('sends bytes that nobody asked for: is cut off', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const channel = agent.connection.open('stat', {});
    agent.frame(FRAME.DATA, channel.id, Buffer.from('x'), 1);
    expect(await settled(channel.result)).toBe('lost');
  });

  it('sends more output than was asked for: is cut off at once', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const run = runProgram(agent.connection, { program: 'shell', source: '' }, RUN);
    agent.frame(FRAME.DATA, 1, Buffer.alloc(2001), 1);
    expect(await settled(run)).toBe('lost');
  });

  it('answers a run with something else: fails that call only', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const run = runProgram(agent.connection, { program: 'shell', source: '' }, RUN);
    agent.frame(FRAME.RESULT, 1, { exitCode: 'zero', __proto__: null });
    expect(await settled(run)).toBe('internal');
    expect(agent.connection.isOpen).toBe(true);
  });

  it('answers a call twice: the second is ignored', async () => {
    const agent = hostileAgent();
    const channel = agent.connection.open('stat', {});
    agent.frame(FRAME.RESULT, channel.id, { first: true });
    agent.frame(FRAME.RESULT, channel.id, { first: false });
    expect(await channel.result).toEqual({ first: true });
    await delivered();
    expect(agent.connection.isOpen).toBe(true);
  });
});

describe('an agent that floods', () => {
  it('may have 128 channels of its own; more are refused, one by one', async () => {
    const opened: IncomingChannel[] = [];
    const agent = hostileAgent({ onOpen: (_request, channel) => opened.push(channel) });
    for (let id = 2; id <= 1_000; id += 2) agent.frame(FRAME.OPEN, id, {});
    await delivered();
    expect(opened).toHaveLength(128);
    expect(agent.connection.isOpen).toBe(true);
    const calls = Array.from({ length: 128 }, () => agent.connection.open('stat', {}));
    expect(calls).toHaveLength(128);
  });

  const endless: readonly [string, (number: number) => Buffer][] = [
    ['PINGs', () => encodeFrame(FRAME.PING, 0, 0, Buffer.alloc(8))],
    ['channels', (number) => encodeFrame(FRAME.OPEN, 2 * number, 0, Buffer.from('{}'))],
  ];

  it.each(endless)(
    'of %s, that does not read the answers, is cut off before they fill the memory',
    async (_what, make) => {
      const agent = hostileAgent();
      agent.far.pause();
      let number = 0;
      let mostPendingBytes = 0;
      await withoutWaiting(async () => {
        while (agent.connection.isOpen) {
          const flood = Buffer.concat(Array.from({ length: 1_000 }, (_, index) => make(number + index + 1)));
          number += 1_000;
          const taken = new Promise((resolve) => agent.far.write(flood, resolve));
          await Promise.race([taken, agent.connection.closed]);
          mostPendingBytes = Math.max(mostPendingBytes, agent.near.writableLength);
        }
      });
      expect((await agent.connection.closed).message).toMatch(/does not read/);
      expect(mostPendingBytes).toBeLessThan(2 * MIB);
    },
  );

  it('of frames that no credit limits is made to wait, and goes on', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const waits = once(agent.near, 'pause');
    agent.raw(Buffer.concat(Array.from({ length: 30_000 }, () => encodeFrame(FRAME.PONG, 0, 0, Buffer.alloc(8)))));
    await waits;
    await once(agent.near, 'resume');
    expect(agent.connection.isOpen).toBe(true);
  });
});

describe('random frames', () => {
  const frame = fc
    .record({
      type: fc.constantFrom<FrameType[]>(...Object.values(FRAME)),
      channel: fc.integer({ min: 0, max: 12 }),
      stream: fc.integer({ min: 0, max: 255 }),
      payload: fc.oneof(
        fc
          .constantFrom('{}', '{"op":"dial"}', '{"code":"limit","message":"no"}', '12345678', '\0\0\0\x01')
          .map(Buffer.from),
        fc.uint8Array({ maxLength: 20 }).map(Buffer.from),
      ),
    })
    .map(({ type, channel, stream, payload }) => encodeFrame(type, channel, stream, payload));
  const bytes = fc.uint8Array({ maxLength: 64 }).map(Buffer.from);
  const stream = fc.array(fc.oneof({ weight: 9, arbitrary: frame }, { weight: 1, arbitrary: bytes }), {
    maxLength: 40,
  });

  const consistent = async (connection: AgentConnection, results: readonly Promise<unknown>[]) => {
    const open = connection.isOpen;
    connection.close(new Error('the test is over'));
    const outcomes = await Promise.all(results.map(settled));
    return { open, outcomes };
  };

  it('never escape the stream, and every call settles', async () => {
    const escaped = vi.fn();
    process.on('uncaughtException', escaped);
    await fc.assert(
      fc.asyncProperty(stream, fc.integer({ min: 1, max: 50 }), async (parts, cut) => {
        const agent = hostileAgent({ onOpen: (_request, channel) => channel.event({ connected: true }) });
        await agent.connection.hello;
        const results = ['read', 'run', 'write'].map(
          (op) => agent.connection.open(op, {}, { onData: () => undefined, onEvent: () => undefined }).result,
        );
        const all = Buffer.concat(parts);
        for (let at = 0; at < all.length; at += cut) agent.raw(all.subarray(at, at + cut));
        await delivered();
        const { outcomes } = await consistent(agent.connection, results);
        expect(outcomes).toHaveLength(3);
        expect(await agent.connection.closed).toBeInstanceOf(Error);
      }),
      { numRuns: 300 },
    );
    process.off('uncaughtException', escaped);
    expect(escaped).not.toHaveBeenCalled();
  });
});
