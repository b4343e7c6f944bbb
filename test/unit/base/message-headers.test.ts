import { describe, expect, it } from 'vitest';
import { endToEnd, toHeaders, toRecord } from '../../../src/base/message-headers.ts';

describe('the headers of a message that is passed on', () => {
  it('are without those of its connection, and those that it names', () => {
    const sent = [
      'Connection',
      'X-Own, close',
      'x-own',
      '1',
      'Keep-Alive',
      '5',
      'TE',
      'trailers',
      'Upgrade',
      'h2c',
      'A',
      'b',
    ];
    expect(endToEnd(toHeaders(sent))).toEqual([['A', 'b']]);
  });

  it('come as often as they were sent', () => {
    expect(
      toRecord([
        ['Set-Cookie', 'a'],
        ['set-cookie', 'b'],
        ['X', 'y'],
        ['__proto__', 'z'],
      ]),
    ).toEqual(
      Object.fromEntries([
        ['set-cookie', ['a', 'b']],
        ['x', 'y'],
        ['__proto__', 'z'],
      ]),
    );
  });
});
