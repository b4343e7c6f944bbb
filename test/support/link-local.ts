import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where some clouds have a metadata service. */
export const METADATA_ADDRESS = '169.254.170.2';

/** Gives this machine that address while the work is done, so that what listens here stands for the service. */
export async function asMetadataService<T>(work: () => Promise<T>): Promise<T> {
  const address = [`${METADATA_ADDRESS}/32`, 'dev', 'lo'];
  await run('ip', ['address', 'replace', ...address]);
  try {
    return await work();
  } finally {
    await run('ip', ['address', 'delete', ...address]);
  }
}
