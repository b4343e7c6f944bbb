import { installWithApt, isRootWithApt } from './apt.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';

/** Makes sure that a Compose is there, as Docker's plugin or as a program; installs it as root on a machine with apt. */
export async function ensureCompose() {
  if ((await capture('docker', ['compose', 'version'])).code === 0) return;
  if ((await capture('docker-compose', ['version'])).code === 0) return;
  if (!isRootWithApt()) {
    throw new Failure("Compose is not installed; install Docker's compose plugin or docker-compose, then try again.");
  }
  await installWithApt(['docker-compose']);
}
