import { describe, expect, it } from 'vitest';
import { endToEnd, toHeaders, toRecord } from '../../../src/base/message-headers.ts';
import { takeCookie, withoutDomain } from '../../../src/http/forward/cookies.ts';

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

describe('a cookie', () => {
  it('is taken out of the others, in whatever case its name is', () => {
    expect(takeCookie('a=b; __HOST-clara-PORT=x=y ;c="d"', '__Host-clara-port')).toEqual({
      value: 'x=y',
      rest: 'a=b; c="d"',
    });
    expect(takeCookie('__Host-clara-port=x', '__Host-clara-port')).toEqual({ value: 'x', rest: null });
    expect(takeCookie('', '__Host-clara-port')).toEqual({ value: null, rest: null });
  });

  it('is set for the host that sets it alone', () => {
    expect(withoutDomain('a=domain=x; DOMAIN = b.example; Path=/; domain', 'own')).toBe('a=domain=x; Path=/');
    expect(withoutDomain('Own=1; Path=/', 'own')).toBeNull();
  });
});
