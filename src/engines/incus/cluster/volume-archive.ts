import type { Writable } from 'node:stream';
import { meaningOf } from '../errors.ts';
import type { IncusCalls } from '../incus-calls.ts';

/** One at a time: what a broken call has left is in the way of the next. */
const NAME = 'clara';

/** Has a member make an archive of a volume, writes it into a stream that it ends, and has it removed there. */
export async function archiveVolume(
  calls: IncusCalls,
  pathOf: (rest: string) => string,
  to: Writable,
  deadlineMs: number,
): Promise<void> {
  const path = pathOf(`/backups/${NAME}`);
  const clear = () =>
    calls.change('remove the archive of the volume', 'DELETE', path, undefined, deadlineMs).catch((error: unknown) => {
      if (meaningOf(error) !== 'not-found') throw error;
    });
  await clear();
  const body = { name: NAME, volume_only: true, optimized_storage: false, compression_algorithm: 'gzip' };
  await calls.change('archive the volume', 'POST', pathOf('/backups'), body, deadlineMs);
  try {
    await calls.download('bring the archive of the volume', pathOf(`/backups/${NAME}/export`), to, deadlineMs);
  } finally {
    await clear();
  }
}
