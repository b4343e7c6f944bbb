import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { readDistributionSources } from './apt-sources.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';
import { print } from './terminal.mjs';

const BACKPORTS_FILE = '/etc/apt/sources.list.d/clara-sandbox-backports.sources';

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

/**
 * Adds the backports of a Debian release, from the place where this machine gets the release itself.
 * @returns {string | undefined} the suite
 */
function addBackports() {
  const release = readFileSync('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?([\w.-]+)/m.exec(release)?.[1];
  if (!codename || !/^ID="?debian/m.test(release)) return undefined;
  const suite = `${codename}-backports`;
  const source = readDistributionSources(codename).find((candidate) => candidate.suite === codename);
  if (!source) return undefined;
  if (!existsSync(BACKPORTS_FILE)) {
    const lines = ['Types: deb', `URIs: ${source.uri}`, `Suites: ${suite}`, 'Components: main'];
    if (source.signedBy) lines.push(`Signed-By: ${source.signedBy}`);
    writeFileSync(BACKPORTS_FILE, `${lines.join('\n')}\n`, { mode: 0o644 });
    print(`▸ Added ${BACKPORTS_FILE}: packages of ${suite} are installed only where they are asked for.`);
  }
  return suite;
}
