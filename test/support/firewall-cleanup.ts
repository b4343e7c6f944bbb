import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { BRIDGE_PREFIX, openHostToBridges } from '../../src/engines/docker/firewall.ts';

/** Rules that tests with bridges add go with them, unless they were there before or somebody's sandbox has a bridge. */
export default function setup(): () => Promise<void> {
  const wasThere = hasRules();
  return async () => {
    const hasBridges = readdirSync('/sys/class/net').some((name) => name.startsWith(BRIDGE_PREFIX));
    if (!wasThere && !hasBridges && hasRules()) await openHostToBridges();
  };
}

function hasRules(): boolean {
  try {
    return execFileSync('iptables', ['-w', '5', '-S', 'INPUT'], { stdio: 'pipe' }).includes(`-i ${BRIDGE_PREFIX}+`);
  } catch {
    return false;
  }
}
