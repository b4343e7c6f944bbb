import { ensureInstalled } from './apt.mjs';
import { capture } from './run.mjs';

/** Makes sure that a Compose is there, as Docker's plugin or as a program; installs it as root on a machine with apt. */
export async function ensureCompose() {
  const isThere =
    (await capture('docker', ['compose', 'version'])).code === 0 ||
    (await capture('docker-compose', ['version'])).code === 0;
  const missing = "Compose is not installed; install Docker's compose plugin or docker-compose, then try again.";
  await ensureInstalled({ isThere, missing, packages: ['docker-compose'] });
}
