import { existsSync } from 'node:fs';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { Failure } from './failure.mjs';

/** Where Debian's Chromium is. */
const CHROMIUM = '/usr/bin/chromium';

/** Makes sure that a browser for the tests of the documents' page is there; installs it as root on a machine with apt. */
export async function ensureChromium() {
  if (existsSync(CHROMIUM)) return;
  if (!isRootWithApt()) throw new Failure(`Chromium is not at ${CHROMIUM}; install it, then try again.`);
  await installWithApt(['chromium']);
}
