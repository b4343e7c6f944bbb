import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ABSENT, type ContractEngine } from './contract-engine.ts';
import { specFor } from './spec-for.ts';

const aMinuteAgo = () => performance.now() - 60_000;

/** What is told of sandboxes and images, and what they use. */
export function describeLooking(tried: ContractEngine): void {
  describe('looking', () => {
    it('lists, in any state, those that carry all the labels', async () => {
      const group = { ...tried.labels, group: randomUUID() };
      const idle = await tried.engine.create(specFor(tried.image, group));
      const busy = await tried.engine.create(specFor(tried.image, { ...group, kind: 'busy' }));
      await tried.engine.start(busy);
      await tried.create();
      const ids = async (wanted: Record<string, string>) =>
        (await tried.engine.list(wanted)).map(({ id }) => id).sort();
      expect(await ids(group)).toEqual([idle, busy].sort());
      expect(await ids({ ...group, kind: 'busy' })).toEqual([busy]);
      expect(await ids({ ...group, kind: 'other' })).toEqual([]);
      expect(await tried.engine.list({ ...group, kind: 'busy' })).toMatchObject([{ state: 'running', labels: group }]);
    });

    it('knows nothing of a name that nobody has', async () => {
      const id = await tried.create();
      for (const name of ['clara-test-nobody', ABSENT, '', '../version', 'a/b?c#d']) {
        expect(await tried.engine.inspect(name)).toBeNull();
      }
      expect(await tried.engine.inspect(id.slice(0, 12))).toBeNull();
    });

    it('tells what an image is, and of names that no image has that there is none', async () => {
      const id = await tried.engine.imageId(tried.image);
      expect(id).toMatch(/^sha256:/);
      expect(await tried.engine.imageId(tried.image)).toBe(id);
      for (const name of [
        tried.absentImage,
        'a b',
        '../containers/x',
        'x/../../info',
        `${tried.image}?all=1`,
        'x'.repeat(4000),
      ]) {
        expect(await tried.engine.imageId(name)).toBeNull();
      }
    });

    it('measures a sandbox that runs or is paused', async () => {
      const id = await tried.started();
      const stats = await tried.engine.stats(id);
      expect(stats.memoryBytes).toBeGreaterThan(0);
      expect(stats.cpuNanos).toBeGreaterThan(0);
      await tried.engine.pause(id);
      expect((await tried.engine.stats(id)).memoryBytes).toBeGreaterThan(0);
    });
  });

  describe('memory', () => {
    it('is told to have run out where and when it did', async () => {
      const [greedy, modest] = [await tried.started(), await tried.started()];
      expect(await tried.engine.ranOutOfMemory(greedy, aMinuteAgo())).toBe(false);
      await tried.exhaustMemory(greedy);
      await expect.poll(() => tried.engine.ranOutOfMemory(greedy, aMinuteAgo()), { timeout: 20_000 }).toBe(true);
      expect(await tried.engine.ranOutOfMemory(greedy, performance.now())).toBe(false);
      expect(await tried.engine.ranOutOfMemory(modest, aMinuteAgo())).toBe(false);
    });

    it('is not told to have run out in a sandbox that nobody knows', async () => {
      expect(await tried.engine.ranOutOfMemory(ABSENT, aMinuteAgo())).toBe(false);
    });
  });
}
