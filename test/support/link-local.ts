import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Gives this machine an address of the metadata services of clouds while the work is done, so that what listens here stands for one.
 * Each test file has its own address, as files run beside each other.
 */
export async function asMetadataService<T>(service: string, work: () => Promise<T>): Promise<T> {
  const address = [`${service}/32`, 'dev', 'lo'];
  await run('ip', ['address', 'replace', ...address]);
  try {
    return await work();
  } finally {
    await run('ip', ['address', 'delete', ...address]);
  }
}
