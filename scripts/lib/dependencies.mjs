import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash } from './content-hash.mjs';
import { ROOT } from './paths.mjs';
import { runLogged } from './run.mjs';
import { stage } from './stage.mjs';

const STAMP = join(ROOT, 'node_modules', '.clara-lock-hash');
const INSTALL_TIMEOUT_MS = 900_000;

/** Installs the packages that the lock file names, unless those are what is installed. */
export async function ensureDependencies() {
  const lockHash = contentHash([join(ROOT, 'package-lock.json')], [process.version, process.arch]);
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash) return;
  // Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which a
  // lock file made from a registry mirror may lack. What the lock file has is installed as it says.
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'];
  await stage('Installing the packages with npm', () =>
    runLogged('install the packages', 'npm', args, { cwd: ROOT, timeoutMs: INSTALL_TIMEOUT_MS }),
  );
  writeFileSync(STAMP, lockHash);
}
