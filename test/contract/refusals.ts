import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ABSENT, type ContractEngine } from './contract-engine.ts';

/** Which calls are errors, and of what kind. */
export function describeRefusals(tried: ContractEngine): void {
  describe('errors', () => {
    it('finds no sandbox under an id that is unknown', async () => {
      const calls = [
        tried.engine.start(ABSENT),
        tried.engine.stop(ABSENT, 1),
        tried.engine.pause(ABSENT),
        tried.engine.resume(ABSENT),
        tried.engine.rename(ABSENT, 'clara-test-nobody'),
        tried.engine.stats(ABSENT),
        tried.engine.exec(ABSENT, ['true']),
      ];
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ kind: 'not_found' })));
    });

    it('refuses a name that is taken', async () => {
      const { name } = (await tried.engine.inspect(await tried.create())) ?? { name: '' };
      await expect(tried.create({ name })).rejects.toMatchObject({ kind: 'conflict' });
      await expect(tried.engine.rename(await tried.create(), name)).rejects.toMatchObject({ kind: 'conflict' });
    });

    it('refuses an image that is not there, with advice', async () => {
      const call = tried.create({ image: tried.absentImage });
      await expect(call).rejects.toMatchObject({
        kind: 'invalid',
        message: expect.stringMatching(/build or pull it/),
      });
    });

    it('refuses to make or start a sandbox with a mount of what is not there', async () => {
      if (tried.engine.volumes) {
        const volume = { volume: `clara-${randomBytes(12).toString('hex')}`, folder: 'workspace' };
        const lost = tried.create({ mounts: [{ source: volume, target: '/workspace' }] });
        await expect(lost).rejects.toMatchObject({ kind: 'unavailable' });
        const ofThisMachine = tried.create({ mounts: [{ source: tmpdir(), target: '/workspace' }] });
        await expect(ofThisMachine).rejects.toMatchObject({ kind: 'invalid' });
        return;
      }
      const folder = await mkdtemp(join(tmpdir(), 'clara-contract-'));
      const mounts = [{ source: folder, target: '/workspace' }];
      const id = await tried.create({ mounts });
      await rm(folder, { recursive: true });
      await expect(tried.engine.start(id)).rejects.toMatchObject({ kind: 'invalid' });
      await expect(tried.create({ mounts })).rejects.toMatchObject({ kind: 'invalid' });
    });

    it('refuses to pause, resume, measure or use a sandbox that does not run', async () => {
      const id = await tried.create();
      const calls = [
        tried.engine.pause(id),
        tried.engine.resume(id),
        tried.engine.stats(id),
        tried.engine.exec(id, ['true']),
      ];
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ kind: 'conflict' })));
    });

    it('refuses to start or use a sandbox that is paused', async () => {
      const id = await tried.started();
      await tried.engine.pause(id);
      await expect(tried.engine.start(id)).rejects.toMatchObject({ kind: 'conflict' });
      await expect(tried.engine.exec(id, ['true'])).rejects.toMatchObject({ kind: 'conflict' });
    });

    it('answers nothing after it is closed', async () => {
      const other = tried.another();
      await other.close();
      await expect(other.info()).rejects.toMatchObject({ kind: 'unavailable' });
    });
  });
}
