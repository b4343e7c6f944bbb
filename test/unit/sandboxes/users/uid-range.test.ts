import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../../src/base/errors.ts';
import { parseConfig } from '../../../../src/config/config.ts';
import { findRange, toAutomaticRange } from '../../../../src/sandboxes/users/uid-range.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';

const config = (range: string) => parseConfig({ SANDBOX_API_KEY: 'a-long-enough-key', SANDBOX_UID_RANGE: range });

describe('the user ids of sandboxes, where nobody says which', () => {
  it('are 2,000 to 60,000 where users are mapped', () => {
    expect(toAutomaticRange(true, '0123456789ab')).toEqual({ first: 2_000, last: 60_000 });
  });

  it('are 65,536 between those of containers and those that programs take for negative', () => {
    for (const instance of ['000000000000', '0123456789ab', 'ffffffffffff']) {
      const { first, last } = toAutomaticRange(false, instance);
      expect((first - 1_879_048_192) % 65_536).toBe(0);
      expect(first).toBeGreaterThanOrEqual(1_879_048_192);
      expect(last - first).toBe(65_535);
      expect(last).toBeLessThan(2 ** 31 - 65_536);
    }
  });

  it('are others for the next server', () => {
    const one = toAutomaticRange(false, '0123456789ab');
    expect(toAutomaticRange(false, '0123456789ac').first).toBe(one.last + 1);
    expect(toAutomaticRange(false, '0123456789ab')).toEqual(one);
  });
});

describe('SANDBOX_UID_RANGE', () => {
  it.each(['100000-165535', ' 1000-1000 ', '1879048192-2147483646'])('takes %j', (text) => {
    const [first, last] = text.split('-').map(Number);
    expect(config(text).uidRange).toEqual({ first, last });
  });

  it.each(['', 'auto'])('is automatic as %j', (text) => {
    expect(config(text).uidRange).toBe('auto');
  });

  it.each(['0-1000', '999-2000', '2000-1999', '2000', '1000-2147483647', 'a-b', '1e3-2e3', '-1-5', '2000-3000-4000'])(
    'refuses %j with a sentence',
    (text) => {
      expect(() => config(text)).toThrow(
        /SANDBOX_UID_RANGE must be auto, or a range of user ids such as 100000-165535, from 1000 to 2147483646/,
      );
    },
  );

  it('is named where the engine does not have its users', async () => {
    const engine = new FakeEngine();
    engine.host.userOf = async ({ uid }) => {
      if (uid > 65_535) throw new SandboxError('invalid', `There is no user ${uid}.`);
      return { uid, gid: uid };
    };
    expect(await findRange(engine, config('2000-65535'), 'ab')).toEqual({ first: 2_000, last: 65_535 });
    await expect(findRange(engine, config('2000-65536'), 'ab')).rejects.toMatchObject({
      kind: 'invalid',
      message: 'SANDBOX_UID_RANGE (2000-65536) does not work here. There is no user 65536.',
    });
  });
});
