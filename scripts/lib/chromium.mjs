import { existsSync } from 'node:fs';
import { ensureInstalled } from './apt.mjs';

/** Where Debian's Chromium is. */
const CHROMIUM = '/usr/bin/chromium';

/** Makes sure that a browser for the tests of the documents' page is there; installs it as root on a machine with apt. */
export async function ensureChromium() {
  const missing = `Chromium is not at ${CHROMIUM}; install it, then try again.`;
  await ensureInstalled({ isThere: existsSync(CHROMIUM), missing, packages: ['chromium'] });
}
