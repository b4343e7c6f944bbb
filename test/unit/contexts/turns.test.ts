import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/contexts/turns.ts';

const PATIENT = { timeoutSeconds: 60 };

describe('turns in one interpreter', () => {
  it('come in the order in which they are asked for, and those of another key beside them', async () => {
    const turns = new Turns();
    const told: string[] = [];
    const endFirst = await turns.take('a', PATIENT);
    const second = turns.take('a', PATIENT).then((end) => {
      told.push('second');
      end();
    });
    (await turns.take('b', PATIENT))();
    told.push('other');
    endFirst();
    await second;
    expect(told).toEqual(['other', 'second']);
  });

  it('are not waited for longer than the call may take itself, nor by who has left, and those behind have theirs', async () => {
    const turns = new Turns();
    const endFirst = await turns.take('a', PATIENT);
    const leaving = new AbortController();
    const left = turns.take('a', { ...PATIENT, signal: leaving.signal });
    const late = turns.take('a', { timeoutSeconds: 0.001 });
    const patient = turns.take('a', PATIENT);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await expect(late).rejects.toMatchObject({ kind: 'limit' });
    endFirst();
    (await patient)();
  });
});
