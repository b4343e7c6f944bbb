import { existsSync } from 'node:fs';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { Failure } from './failure.mjs';

/** Where Debian's Prometheus is. */
const PROMETHEUS = '/usr/bin/prometheus';

/** Makes sure that a Prometheus for the tests of the dashboards is there; installs it as root on a machine with apt. */
export async function ensurePrometheus() {
  if (existsSync(PROMETHEUS)) return;
  if (!isRootWithApt()) throw new Failure(`Prometheus is not at ${PROMETHEUS}; install it, then try again.`);
  await installWithApt(['prometheus']);
}
