import { duplexPair } from 'node:stream';
import { expect, it } from 'vitest';
import { attachProcess } from '../../../../src/agent/calls/attach.ts';
import { encodeJson, FRAME, FrameDecoder } from '../../../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import { encodeFrame } from '../../../support/frames.ts';

it('tells the agent of a caller that has left before it could attach, so that its process ends or runs on', async () => {
  const [near, far] = duplexPair();
  const connection = new AgentConnection(near);
  const decoder = new FrameDecoder();
  const types: number[] = [];
  far.on('error', () => undefined);
  far.on('data', (chunk: Buffer) => {
    for (const { type, channel } of decoder.push(chunk)) {
      types.push(type);
      const cancelled = { code: 'cancelled', message: 'The call was cancelled.' };
      if (type === FRAME.CANCEL) far.write(encodeFrame(FRAME.ERROR, channel, 0, encodeJson(cancelled)));
    }
  });
  const hello = { protocol: 1, hash: 'h', pid: 1, boot: 'b', python: '3.11', resumed: false };
  far.write(encodeFrame(FRAME.HELLO, 0, 0, encodeJson(hello)));
  await connection.hello;
  const frames = attachProcess(connection, 1, { isCaller: true, signal: AbortSignal.abort() });
  await expect(frames.next()).rejects.toMatchObject({ code: 'cancelled' });
  expect(types).toEqual([FRAME.OPEN, FRAME.CANCEL]);
  connection.close(new Error('The test is over.'));
});
