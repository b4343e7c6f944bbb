import { rmSync } from 'node:fs';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { addBackports, BACKPORTS_FILE } from './backports.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';
import { print } from './terminal.mjs';

/**
 * Installs gVisor's runsc where it is absent: from the distribution's backports, which have a newer one, else from its release.
 * @returns {Promise<string>} the path of the program
 */
export async function ensureRunsc() {
  const known = await findRunsc();
  if (known) return known;
  if (!isRootWithApt()) {
    throw new Failure(
      'runsc (gVisor) is not installed, and installing it needs root on a machine with apt. Run `sudo npm run gvisor`, ' +
        'or install runsc as gvisor.dev says, then run the same command again.',
    );
  }
  const suite = addBackports();
  try {
    await installWithApt([suite ? `runsc/${suite}` : 'runsc']);
  } catch (error) {
    if (!suite) throw error;
    rmSync(BACKPORTS_FILE, { force: true });
    print(`  No runsc could be had from ${suite}: the release's own is used.`);
    await installWithApt(['runsc']);
  }
  const path = await findRunsc();
  if (!path) throw new Failure('runsc is not there after its installation. See `apt-cache policy runsc`.');
  return path;
}

/** @returns {Promise<string | undefined>} */
async function findRunsc() {
  const { code, stdout } = await capture('sh', ['-c', 'command -v runsc']);
  const path = stdout.trim();
  if (code !== 0 || !path) return undefined;
  const version = await capture(path, ['--version']);
  if (version.code !== 0) return undefined;
  print(`▸ ${path}: ${version.stdout.split('\n')[0]}`);
  return path;
}
