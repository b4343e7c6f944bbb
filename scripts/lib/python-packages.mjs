import { ensureInstalled } from './apt.mjs';
import { capture } from './run.mjs';

/** Debian's own Python, for which its packages are installed; another may stand before it in the path. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** Makes sure that what the Python client stands on is there; installs it as root on a machine with apt. */
export async function ensurePythonPackages() {
  const isThere = (await capture(SYSTEM_PYTHON, ['-c', 'import httpx, pydantic'])).code === 0;
  const missing = `${SYSTEM_PYTHON} has no httpx or no pydantic; install both, then try again.`;
  await ensureInstalled({ isThere, missing, packages: ['python3-httpx', 'python3-pydantic'] });
}
