import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RUNTIME } from '../support/runtime.ts';
import type { ContractEngine } from './contract-engine.ts';
import { specFor } from './spec-for.ts';

/** How a sandbox is made, goes on and ends. */
export function describeLife(tried: ContractEngine): void {
  describe('life of a sandbox', () => {
    it('shows what was created under its id and its name', async () => {
      const spec = specFor(tried.image, { ...tried.labels, owner: 'ada' });
      const id = await tried.engine.create(spec);
      const expected = {
        id,
        name: spec.name,
        state: 'created',
        labels: { ...tried.labels, owner: 'ada' },
        image: tried.image,
      };
      expect(await tried.engine.inspect(id)).toMatchObject(expected);
      expect(await tried.engine.inspect(spec.name)).toMatchObject(expected);
    });

    it('goes from created over running and paused to stopped and runs again', async () => {
      const id = await tried.create();
      expect(await tried.stateOf(id)).toBe('created');
      await tried.engine.start(id);
      expect(await tried.stateOf(id)).toBe('running');
      await tried.engine.pause(id);
      expect(await tried.stateOf(id)).toBe('paused');
      await tried.engine.resume(id);
      expect(await tried.stateOf(id)).toBe('running');
      await tried.engine.stop(id, 1);
      expect(await tried.stateOf(id)).toBe('stopped');
      await tried.engine.start(id);
      expect(await tried.stateOf(id)).toBe('running');
    });

    it('takes each step again where it is taken already', async () => {
      const id = await tried.started();
      await tried.engine.start(id);
      await tried.engine.pause(id);
      await tried.engine.pause(id);
      expect(await tried.stateOf(id)).toBe('paused');
      await tried.engine.resume(id);
      await tried.engine.resume(id);
      expect(await tried.stateOf(id)).toBe('running');
      await tried.engine.stop(id, 1);
      await tried.engine.stop(id, 1);
      await tried.engine.remove(id);
      await tried.engine.remove(id);
    });

    it('changes the limits of one that is there, which goes on where it runs and the engine can do that', async () => {
      const id = await tried.create();
      await tried.engine.update(id, { memoryBytes: 256 * 2 ** 20, cpus: 0.5 });
      await tried.engine.start(id);
      if (tried.engine.traits.canUpdateLimits(RUNTIME)) {
        await tried.engine.update(id, { memoryBytes: 512 * 2 ** 20, cpus: 1 });
        expect(await tried.stateOf(id)).toBe('running');
        await tried.engine.pause(id);
        await tried.engine.update(id, { memoryBytes: 256 * 2 ** 20, cpus: 0.5 });
        expect(await tried.stateOf(id)).toBe('paused');
      }
      await tried.engine.remove(id);
      await expect(tried.engine.update(id, { memoryBytes: 2 ** 30, cpus: 1 })).rejects.toMatchObject({
        kind: 'not_found',
      });
    });

    it('stops a sandbox that is paused', async () => {
      const id = await tried.started();
      await tried.engine.pause(id);
      await tried.engine.stop(id, 1);
      expect(await tried.stateOf(id)).toBe('stopped');
    });

    it('removes a sandbox in any state', async () => {
      const created = await tried.create();
      const running = await tried.started();
      const paused = await tried.started();
      await tried.engine.pause(paused);
      await Promise.all([created, running, paused].map((id) => tried.engine.remove(id)));
      expect(await tried.engine.list(tried.labels)).toEqual([]);
    });

    it('removes a sandbox once where several ask at the same time', async () => {
      const id = await tried.started();
      await Promise.all([tried.engine.remove(id), tried.engine.remove(id), tried.engine.remove(id)]);
      expect(await tried.engine.inspect(id)).toBeNull();
    });

    it('keeps its id under a new name, whatever its state', async () => {
      const id = await tried.started();
      const name = `clara-test-${randomUUID()}`;
      await tried.engine.rename(id, name);
      expect(await tried.engine.inspect(name)).toMatchObject({ id, name, state: 'running' });
    });
  });
}
