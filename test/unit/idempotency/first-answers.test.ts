import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { FirstAnswers, type OnceRequest } from '../../../src/idempotency/first-answers.ts';
import { FakeClock } from '../../support/fake-app.ts';

const ANSWER = { status: 204, headers: {}, body: '' };
const SECRET = Buffer.alloc(32, 1);

let dataDir: string;
let clock: FakeClock;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-answers-'));
  clock = new FakeClock();
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

const request = (key: string, id = 'u', principal = 'bot'): OnceRequest => ({
  principal,
  key,
  fingerprint: key,
  sandboxId: toSandboxId({ namespace: 'clara', id }),
});

/** Carries a request out where it was not before; says whether it had to. */
async function carryOut(answers: FirstAnswers, once: OnceRequest): Promise<boolean> {
  const begun = await answers.begin(once);
  if ('status' in begun) return false;
  await begun.keep(ANSWER);
  return true;
}

describe('first answers', () => {
  it('are limited for each principal, and the oldest goes first', async () => {
    const answers = await FirstAnswers.open(dataDir, SECRET, clock, 3);
    for (const key of ['a', 'b', 'c', 'd']) await carryOut(answers, request(key));
    await carryOut(answers, request('a', 'u', 'other'));
    expect(await carryOut(answers, request('b'))).toBe(false);
    expect(await carryOut(answers, request('d'))).toBe(false);
    expect(await carryOut(answers, request('a'))).toBe(true);
    expect(await carryOut(answers, request('b'))).toBe(true);
  });

  it('never forget one that is under way', async () => {
    const answers = await FirstAnswers.open(dataDir, SECRET, clock, 1);
    await answers.begin(request('a'));
    await carryOut(answers, request('b'));
    await expect(answers.begin(request('a'))).rejects.toThrow('still under way');
  });

  it('of a sandbox are forgotten with it, save the one that is still to be given', async () => {
    const answers = await FirstAnswers.open(dataDir, SECRET, clock);
    await carryOut(answers, request('a', 'u'));
    await carryOut(answers, request('b', 'v'));
    const own = await answers.begin(request('c', 'u'));
    await answers.forgetSandbox(toSandboxId({ namespace: 'clara', id: 'u' }));
    if (!('status' in own)) await own.keep(ANSWER);
    const next = await FirstAnswers.open(dataDir, SECRET, clock);
    expect(await carryOut(next, request('b', 'v'))).toBe(false);
    expect(await carryOut(next, request('c', 'u'))).toBe(false);
    expect(await carryOut(next, request('a', 'u'))).toBe(true);
  });

  it('of another secret are none of this one', async () => {
    await carryOut(await FirstAnswers.open(dataDir, SECRET, clock), request('a'));
    expect(await carryOut(await FirstAnswers.open(dataDir, Buffer.alloc(32, 2), clock), request('a'))).toBe(true);
  });
});
