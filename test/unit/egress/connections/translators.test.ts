import { describe, expect, it } from 'vitest';
import { Translators } from '../../../../src/egress/connections/translators.ts';

/** A clock that stands until it is set. */
class Clock {
  now = 0;
  readonly wallMs = () => 0;
  readonly monotonicMs = () => this.now;
}

const lengthsOf = async (...answers: string[]) => {
  const known = await new Translators(async () => answers, new Clock(), 1_000).known();
  return known.map(({ base, prefix }) => `${base.toString(16)}/${prefix}`);
};

describe('the translators of a network', () => {
  // The addresses of RFC 6052, section 2.4, with the IPv4 address of RFC 7050 in them.
  it.each([
    ['2001:db8:c000:aa::', '20010db8000000000000000000000000/32'],
    ['2001:db8:1c0:0:aa::', '20010db8010000000000000000000000/40'],
    ['2001:db8:122:c000:0:aa00::', '20010db8012200000000000000000000/48'],
    ['2001:db8:122:3c0:0:aa::', '20010db8012203000000000000000000/56'],
    ['2001:db8:122:344:c0:0:aa00:0', '20010db8012203440000000000000000/64'],
    ['2001:db8:122:344::192.0.0.171', '20010db8012203440000000000000000/96'],
  ])('have the prefix of %s', async (answer, prefix) => {
    expect(await lengthsOf(answer, '192.0.0.170')).toEqual([prefix]);
  });

  it('are none where the name has its own addresses only, or others', async () => {
    expect(await lengthsOf('192.0.0.170', '192.0.0.171')).toEqual([]);
    expect(await lengthsOf('2001:db8::1', 'nonsense')).toEqual([]);
  });

  it('are asked for once in ten minutes, and after a minute where nobody answered', async () => {
    const clock = new Clock();
    let asked = 0;
    let answer: () => Promise<string[]> = () => Promise.reject(new Error('no name server'));
    const translators = new Translators(
      () => {
        asked += 1;
        return answer();
      },
      clock,
      1_000,
    );
    expect(await translators.known()).toEqual([]);
    answer = async () => ['64:ff9b::192.0.0.170'];
    clock.now = 59_999;
    expect(await translators.known()).toEqual([]);
    expect(asked).toBe(1);
    clock.now = 60_000;
    expect(await Promise.all([translators.known(), translators.known()])).toMatchObject([
      [{ prefix: 96 }],
      [{ prefix: 96 }],
    ]);
    clock.now = 659_999;
    await translators.known();
    expect(asked).toBe(2);
    clock.now = 660_000;
    await translators.known();
    expect(asked).toBe(3);
  });
});
