import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readDistributionSources } from './apt-sources.mjs';
import { print } from './terminal.mjs';

/** The list of the backports that this project has added to apt's. */
export const BACKPORTS_FILE = '/etc/apt/sources.list.d/clara-sandbox-backports.sources';

/**
 * Adds the backports of a Debian release, from the place where this machine gets the release itself.
 * @returns {string | undefined} the suite
 */
export function addBackports() {
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
