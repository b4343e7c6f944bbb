// `npm run restore -- <folder>`: brings a backup back into the data folder of the settings, which must be empty or absent. All
// files are compared with the backup's list before anything is written.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hashFile, MANIFEST } from './lib/backup-files.mjs';
import { counted } from './lib/counted.mjs';
import { DEFAULT_DATA_DIR, keepDataFolder, requireNoServer } from './lib/data-folder.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { runLogged } from './lib/run.mjs';
import { print } from './lib/terminal.mjs';

const TAR_MS = 6 * 3_600_000;

await runScript(async () => {
  const [given] = process.argv.slice(2);
  if (!given || process.argv.length > 3) throw new Failure('Usage: npm run restore -- <the folder of a backup>');
  const source = resolve(given);
  const env = readEnvironment();
  await requireNoServer(env);
  const dataDir = resolve(env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR);
  if (existsSync(dataDir) && readdirSync(dataDir).some((name) => name !== 'lost+found')) {
    throw new Failure(`${dataDir} is not empty. Move it away, or set SANDBOX_DATA_DIR to another folder.`);
  }
  const files = await verified(source);
  mkdirSync(dataDir, { recursive: true });
  keepDataFolder(dataDir);
  const args = ['--extract', '--sparse', '--numeric-owner', '--same-owner', '--same-permissions', '--acls', '--xattrs'];
  for (const file of files) {
    await runLogged(`bring back ${file}`, 'tar', [...args, '--file', join(source, file), '--directory', dataDir], {
      timeoutMs: TAR_MS,
    });
  }
  await runLogged('bring the files to the disk', 'sync', ['-f', dataDir], { timeoutMs: TAR_MS });
  print(`Brought ${counted(files.length, 'entry', 'entries')} to ${dataDir}; the next start finds all sandboxes.`);
  return 0;
});

/**
 * The names of a backup's files, each of which is as it was written.
 * @param {string} source
 */
async function verified(source) {
  const list = join(source, MANIFEST);
  if (!existsSync(list))
    throw new Failure(`${source} has no ${MANIFEST}: it is no backup, or one that was not finished.`);
  /** @type {{sha256: Record<string, string>}} */
  const { sha256 } = JSON.parse(readFileSync(list, 'utf8'));
  for (const [file, expected] of Object.entries(sha256)) {
    if (
      !/^[^/]+\.tar$/.test(file) ||
      !existsSync(join(source, file)) ||
      (await hashFile(join(source, file))) !== expected
    ) {
      throw new Failure(`${file} in ${source} is not as it was written; nothing was brought back.`);
    }
  }
  return Object.keys(sha256);
}
