import { expect, it } from 'vitest';

const { judgeService } = await import(new URL('../../../scripts/lib/doctor/service.mjs', import.meta.url).href);

interface Facts {
  readonly unit?: string;
  readonly state?: string;
  readonly enabled?: string;
}

/** What the script's module says of a unit, where `the unit` is the one that this version writes. */
function judge({ unit, state = '', enabled = '' }: Facts): string {
  const { level, means } = judgeService({ unit, state, enabled, expected: 'the unit' });
  return `${level}: ${means}`;
}

it.each([
  [{}, /^ok: None is installed/],
  [{ unit: 'the unit' }, /^ok: .* systemd does not run this machine/],
  [{ unit: 'the unit', state: 'active', enabled: 'enabled' }, /^ok: .* runs, now and after each start/],
  [{ unit: 'the unit', state: 'active', enabled: 'disabled' }, /^warn: .* not after the next start of the machine/],
  [{ unit: 'the unit', state: 'inactive', enabled: 'enabled' }, /^warn: .* does not run \(inactive\)/],
  [{ unit: 'the unit', state: 'failed', enabled: 'enabled' }, /^fail: .* has failed/],
  [
    { unit: '[Service]\nWorkingDirectory=/srv/other\n', state: 'active' },
    /^warn: .* runs the server of \/srv\/other\./,
  ],
])('npm run doctor says of a service with %j what %s matches', (facts, expected) => {
  expect(judge(facts)).toMatch(expected);
});
