import { describe, expect, it } from 'vitest';
import { takeCookie, withoutDomain } from '../../../../src/http/forward/cookies.ts';

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
