import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../../../src/async/deferred.ts';
import { SandboxError } from '../../../../../src/base/errors.ts';
import { type Askable, askAny } from '../../../../../src/engines/incus/cluster/ask-any.ts';
import { IncusRefusal } from '../../../../../src/engines/incus/errors.ts';
import { IncusCalls } from '../../../../../src/engines/incus/incus-calls.ts';

/** Within so long after its leader was lost calls to a cluster go on. */
const LEADER_MS = 10_000;

const away = new SandboxError('unavailable', 'It does not answer.');

/** A member by what it says; where `late` is given, it turns late with that. */
function member(
  says: () => Promise<string>,
  { isLate = false, isAway = false, late = new Promise<never>(() => undefined) } = {},
) {
  const calls = new IncusCalls({ socketPath: '/nowhere', project: 'p' }, 1_000);
  const whilePrompt = async <T>(work: Promise<T>) => await Promise.race([work, late]);
  return { says, calls, isLate, isAway, whilePrompt };
}

async function ask(...members: readonly (Askable & { says: () => Promise<string> })[]): Promise<string> {
  const parts = { members: async () => members, isClosed: () => false };
  return await askAny(parts, async (calls) => (await members.find((one) => one.calls === calls)?.says()) ?? 'nobody');
}

const says = (word: string) => async () => word;
const never = () => new Promise<never>(() => undefined);
const fails = (error: Error) => async () => {
  throw error;
};

describe('a question to any member', () => {
  it('goes past one that hangs as soon as that is late, and to one that is late last', async () => {
    const late = createDeferred<never>();
    const asked = ask(member(never, { late: late.promise }), member(says('second')));
    late.reject(away);
    expect(await asked).toBe('second');
    expect(await ask(member(never, { isLate: true }), member(says('second')))).toBe('second');
    expect(await ask(member(says('late'), { isLate: true }), member(never, { isAway: true }))).toBe('late');
  });

  it('waits for the last that is left, however late that is', async () => {
    const late = createDeferred<never>();
    late.reject(away);
    expect(await ask(member(says('only'), { late: late.promise }))).toBe('only');
  });

  it('is refused once, where a member knows why', async () => {
    const wrong = new SandboxError('unavailable', 'No.', { cause: new IncusRefusal(403, 'not authorized') });
    const other = vi.fn(says('second'));
    await expect(ask(member(fails(wrong)), member(other))).rejects.toBe(wrong);
    expect(other).not.toHaveBeenCalled();
  });
});

describe('while a cluster has no leader', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const leaderless = new SandboxError('unavailable', 'No.', { cause: new IncusRefusal(500, 'no leader') });

  it('a question is asked again until there is another, and is answered in time', async () => {
    const isThere = () => performance.now() > startedAtMs + LEADER_MS - 500;
    const startedAtMs = performance.now();
    const one = member(async () => (isThere() ? 'led' : await fails(leaderless)()));
    const asked = ask(one, one);
    await vi.advanceTimersByTimeAsync(LEADER_MS);
    expect(await asked).toBe('led');
  });

  it('and there comes none, it ends with what was said last', async () => {
    const refused = expect(ask(member(fails(away)), member(fails(leaderless)))).rejects.toBe(leaderless);
    await vi.advanceTimersByTimeAsync(2 * LEADER_MS);
    await refused;
  });
});
