import { existsSync, readFileSync } from 'node:fs';
import { capture } from '../run.mjs';
import { hasSystemd, SERVICE, toUnit, UNIT_FILE } from '../service.mjs';
import { fail, ok, warn } from './finding.mjs';

const SYSTEMCTL_MS = 10_000;
const WHAT = 'service';
const AGAIN = 'sudo npm run service writes the unit anew and starts it.';

/**
 * Whether systemd runs the server of this folder, where it was told to.
 * @returns {Promise<import('./finding.mjs').Finding>}
 */
export async function checkService() {
  const unit = existsSync(UNIT_FILE) ? readFileSync(UNIT_FILE, 'utf8') : undefined;
  const isAsked = unit !== undefined && hasSystemd();
  return judgeService({
    unit,
    state: isAsked ? await ask('is-active') : '',
    enabled: isAsked ? await ask('is-enabled') : '',
  });
}

/**
 * What there is to say of a unit and of what systemd says of it; empty where that does not run this machine.
 * @param {{unit: string | undefined, state: string, enabled: string, expected?: string}} facts
 * @returns {import('./finding.mjs').Finding}
 */
export function judgeService({ unit, state, enabled, expected = toUnit() }) {
  if (unit === undefined) return ok(WHAT, 'None is installed; npm run service has systemd run the server.');
  if (unit !== expected) {
    const folder = /^WorkingDirectory=(.*)$/m.exec(unit)?.[1] ?? 'another folder';
    const means = `${SERVICE} is not what this version would write; it runs the server of ${folder}.`;
    return warn(WHAT, means, AGAIN);
  }
  if (state === '') return ok(WHAT, `${SERVICE} is installed, and systemd does not run this machine.`);
  if (state === 'failed')
    return fail(
      WHAT,
      `${SERVICE} has failed.`,
      `journalctl -u ${SERVICE} -n 50 says why; then systemctl restart ${SERVICE}.`,
    );
  if (state !== 'active')
    return warn(WHAT, `${SERVICE} is installed and does not run (${state}).`, `systemctl start ${SERVICE}`);
  if (enabled !== 'enabled')
    return warn(WHAT, `${SERVICE} runs, and not after the next start of the machine.`, `systemctl enable ${SERVICE}`);
  return ok(WHAT, `${SERVICE} runs, now and after each start of the machine.`);
}

/** @param {'is-active' | 'is-enabled'} question */
async function ask(question) {
  const { stdout } = await capture('systemctl', [question, SERVICE], { timeoutMs: SYSTEMCTL_MS });
  return stdout.trim() || 'unknown';
}
