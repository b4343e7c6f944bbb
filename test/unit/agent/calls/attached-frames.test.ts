import { describe, expect, it } from 'vitest';
import { attachProcess } from '../../../../src/agent/calls/attach.ts';
import { FRAME } from '../../../../src/agent/wire/codec.ts';
import { encodeFrame } from '../../../support/frames.ts';
import { hostileAgent } from '../../../support/hostile-agent.ts';

const process = {
  id: 1,
  about: {},
  pid: 5,
  startedAtMs: 0,
  endedAtMs: null,
  exit: null,
  firstEvent: 1,
  lastEvent: 1,
};
const opening = { next: 1, first: 1, lost: 0, offset: 0, process };

/** Attaches to a process of an agent in the test's hands, and lets that speak; what the reader gets then, one by one. */
async function attached(speak: (agent: ReturnType<typeof hostileAgent>, channel: number) => void) {
  const agent = hostileAgent();
  await agent.connection.hello;
  const frames = attachProcess(agent.connection, 1, { signal: new AbortController().signal });
  const first = frames.next();
  speak(agent, 1);
  agent.frame(FRAME.ERROR, 1, { code: 'internal', message: 'that is all' });
  return { first, next: () => frames.next() };
}

describe('a process that an agent tells of', () => {
  it('is opened once: what says so again ends the reading, and is not kept', async () => {
    const large = { ...opening, process: { ...process, about: { text: 'x'.repeat(100_000) } } };
    const { first, next } = await attached((agent, channel) => {
      for (let times = 0; times < 5; times += 1) agent.frame(FRAME.EVENT, channel, large);
    });
    expect((await first).value).toMatchObject({ kind: 'opening' });
    await expect(next()).rejects.toThrow('out of order');
  });

  it.each([
    ['output', FRAME.DATA, Buffer.from('x')],
    ['a gap', FRAME.EVENT, { gap: 2, lost: 1 }],
    ['something shown', FRAME.EVENT, { shown: 2 }],
  ] as const)('is opened before it has %s', async (_what, type, payload) => {
    const { first } = await attached((agent, channel) => {
      agent.frame(type, channel, payload, 1);
      agent.frame(FRAME.EVENT, channel, opening);
    });
    await expect(first).rejects.toThrow('out of order');
  });

  it('holds its output and not the chunk that this came in', async () => {
    const { first, next } = await attached((agent, channel) => {
      agent.frame(FRAME.EVENT, channel, opening);
      // What comes on a channel that is over is dropped, and costs no credit.
      const over = agent.connection.open('over', {});
      agent.frame(FRAME.RESULT, over.id, {});
      const output = encodeFrame(FRAME.DATA, channel, 1, Buffer.from('x'));
      agent.raw(Buffer.concat([output, encodeFrame(FRAME.DATA, over.id, 1, Buffer.alloc(60_000))]));
    });
    await first;
    const { value } = await next();
    expect(value).toMatchObject({ kind: 'output', bytes: Buffer.from('x') });
    expect(value?.kind === 'output' && value.bytes.buffer.byteLength).toBeLessThan(16_384);
  });
});
