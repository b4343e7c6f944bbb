import { expect, it } from 'vitest';
import { DiskSweep } from '../../../../src/sandboxes/upkeep/disk-sweep.ts';

it('a disk whose sandbox has a damaged record, and a volume that cannot be closed, keep no other open', async () => {
  const closed: string[] = [];
  const volume = `volume-${'0'.repeat(20)}`;
  const sweep = new DiskSweep(
    { mounted: async () => ['damaged', volume, 'left'] },
    { isPoolFolder: () => false, closeFolders: async (name) => void closed.push(name) },
    {
      find: async (id) => {
        if (id === 'damaged') throw new Error('The record is damaged.');
        return null;
      },
    },
    {
      sweep: async () => {
        throw new Error('The volume is in use.');
      },
    },
  );
  sweep.open();
  await expect(sweep.sweep()).rejects.toThrow('The record is damaged.');
  expect(closed).toEqual(['left']);
});
