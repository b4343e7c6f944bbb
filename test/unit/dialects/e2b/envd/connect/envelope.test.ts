import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../../../../src/base/errors.ts';
import { ConnectError, toConnectError } from '../../../../../../src/dialects/e2b/envd/connect/connect-error.ts';
import { readEnvelope, toEnvelope } from '../../../../../../src/dialects/e2b/envd/connect/envelope.ts';

/** An envelope by hand: flags, a length that may lie, and bytes. */
function envelope(flags: number, length: number, payload: string): Buffer {
  const head = Buffer.from([flags, 0, 0, 0, 0]);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, Buffer.from(payload)]);
}

describe('envelopes of Connect', () => {
  it('have a byte of flags and the length of their JSON', () => {
    expect(toEnvelope({ ä: 1 })).toEqual(envelope(0, 8, '{"ä":1}'));
    expect(toEnvelope({}, true)).toEqual(envelope(2, 2, '{}'));
  });

  it('of a request hold its one message', () => {
    expect(readEnvelope(envelope(0, 2, '{}')).toString()).toBe('{}');
    expect(readEnvelope(envelope(0, 0, '')).length).toBe(0);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'holds no message'],
    ['half a head', Buffer.from([0, 0, 0]), 'holds no message'],
    ['a length of 4 GiB', envelope(0, 0xffff_ffff, '{}'), '2 of its 4294967295 bytes came'],
    ['a second message', envelope(0, 2, '{}{}'), 'more than one message'],
    ['a compressed message', envelope(1, 2, '{}'), 'compressed'],
    ['the end of a stream', envelope(2, 2, '{}'), 'the flags 2'],
  ])('with %s are refused', (_what, body, sentence) => {
    expect(() => readEnvelope(body)).toThrow(ConnectError);
    expect(() => readEnvelope(body)).toThrow(sentence);
  });
});

describe('errors of Connect', () => {
  it('have the code of the kind that the core throws', () => {
    expect(toConnectError(new SandboxError('not_found', 'No.')).body).toEqual({ code: 'not_found', message: 'No.' });
    expect(toConnectError(new SandboxError('limit', 'Many.')).code).toBe('resource_exhausted');
    expect(toConnectError(new SandboxError('unreachable', 'Gone.')).code).toBe('unavailable');
  });

  it('say nothing of what nobody expected', () => {
    expect(toConnectError(new Error('secret')).body).toEqual({
      code: 'internal',
      message: 'The server failed at this; its log says more.',
    });
  });
});
