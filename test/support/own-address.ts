import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Gives this machine an address while the work is done, so that what listens here stands for what is found there elsewhere, such as the
 * metadata service of a cloud. Each test file has addresses of its own, as files run beside each other.
 */
export async function withOwnAddress<T>(text: string, work: () => Promise<T>): Promise<T> {
  const address = [`${text}/32`, 'dev', 'lo'];
  await run('ip', ['address', 'replace', ...address]);
  try {
    return await work();
  } finally {
    await run('ip', ['address', 'delete', ...address]);
  }
}
