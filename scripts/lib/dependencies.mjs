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
  await stage('Installing the packages with npm', () =>
    runLogged('install the packages', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
      cwd: ROOT,
      timeoutMs: INSTALL_TIMEOUT_MS,
    }),
  );
  writeFileSync(STAMP, lockHash);
}
