import { existsSync } from 'node:fs';
import { ensureInstalled } from './apt.mjs';

/** Where Debian's Prometheus is. */
const PROMETHEUS = '/usr/bin/prometheus';

/** Makes sure that a Prometheus for the tests of the dashboards is there; installs it as root on a machine with apt. */
export async function ensurePrometheus() {
  const missing = `Prometheus is not at ${PROMETHEUS}; install it, then try again.`;
  await ensureInstalled({ isThere: existsSync(PROMETHEUS), missing, packages: ['prometheus'] });
}
