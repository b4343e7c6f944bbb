import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { Semaphore } from '../../../src/async/semaphore.ts';

describe('a semaphore', () => {
  it('lets in as many as its places, in order, and the next in when one is done or fails', async () => {
    const semaphore = new Semaphore(2);
    const begun: number[] = [];
    const ends = Array.from({ length: 4 }, () => createDeferred<void>());
    const runs = ends.map((end, index) =>
      semaphore.run(async () => {
        begun.push(index);
        await end.promise;
        return index;
      }),
    );
    expect(begun).toEqual([0, 1]);
    ends[1]?.reject(new Error('failed'));
    await expect(runs[1]).rejects.toThrow('failed');
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.resolve();
    await runs[0];
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[2]?.resolve();
    ends[3]?.resolve();
    expect(await Promise.all([runs[2], runs[3]])).toEqual([2, 3]);
    expect(await semaphore.run(async () => 'again')).toBe('again');
  });
});
