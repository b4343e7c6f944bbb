import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TunnelStream } from '../../../../src/agent/calls/tunnel-stream.ts';

const toStream = () => new TunnelStream(() => undefined);

describe('what waits in a tunnel', () => {
  it('is one piece for its reader, of however many it came in', async () => {
    const stream = toStream();
    for (const piece of ['a', 'b', 'c']) stream.receive(Buffer.from(piece));
    const [all] = await once(stream, 'data');
    expect(String(all)).toBe('abc');
    const next = once(stream, 'data');
    stream.receive(Buffer.from('d'));
    expect(String((await next)[0])).toBe('d');
  });
});

describe('the end of a tunnel', () => {
  it('is heard by nobody who has had the last bytes and asks for no more yet', async () => {
    const stream = toStream();
    let hasEnded = false;
    stream.on('end', () => {
      hasEnded = true;
    });
    stream.on('readable', () => undefined);
    stream.receive(Buffer.from('last'));
    stream.receiveEnd();
    await setImmediate();
    expect(String(stream.read())).toBe('last');
    await setImmediate();
    expect(hasEnded).toBe(false);
    const ended = once(stream, 'end');
    stream.on('readable', () => stream.read());
    expect(stream.read()).toBeNull();
    await ended;
  });

  it.each([
    ['before', 'bytes are asked for', true],
    ['after', 'bytes were asked for', false],
  ])('comes to who reads all: %s %s', async (_when, _what, isFirst) => {
    const stream = toStream();
    const chunks: string[] = [];
    const read = async () => {
      for await (const chunk of stream) chunks.push(String(chunk));
    };
    const reading = isFirst ? null : read();
    stream.receive(Buffer.from('one'));
    stream.receive(Buffer.from('two'));
    stream.receiveEnd();
    await (reading ?? read());
    expect(chunks.join('')).toBe('onetwo');
  });

  it('alone is heard at once', async () => {
    const stream = toStream();
    stream.resume();
    stream.receiveEnd();
    await once(stream, 'end');
  });
});
