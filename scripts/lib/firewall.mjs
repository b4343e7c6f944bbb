import { readdirSync } from 'node:fs';
import { compiled } from './compiled.mjs';

/**
 * Takes away the rules that close this machine to the bridges of sandboxes: `used` where a sandbox has one, `kept` where the rules
 * cannot be taken away, as by who is not root.
 * @returns {Promise<'removed' | 'used' | 'kept'>}
 */
export async function removeFirewallRules() {
  const firewall = await compiled('engines/docker/firewall.js');
  if (firewall === undefined) return 'kept';
  if (readdirSync('/sys/class/net').some((name) => name.startsWith(firewall.BRIDGE_PREFIX))) return 'used';
  try {
    return (await firewall.openHostToBridges()) ? 'removed' : 'kept';
  } catch {
    return 'kept';
  }
}
