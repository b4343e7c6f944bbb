// `npm run restore -- <folder>`: brings a backup back into the data folder of the settings, which must be empty or absent, and volumes of
// Incus to Incus. All files are compared with the backup's list before anything is written.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hashFile, MANIFEST } from './lib/backup-files.mjs';
import { counted } from './lib/counted.mjs';
import { DEFAULT_DATA_DIR, keepDataFolder, requireNoServer } from './lib/data-folder.mjs';
import { ARCHIVE_SUFFIX, bringVolumesBack } from './lib/engine-volumes.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { runLogged } from './lib/run.mjs';
import { print } from './lib/terminal.mjs';

const TAR_MS = 6 * 3_600_000;

const USAGE =
  'Usage: npm run restore -- <the folder of a backup>, and with --volumes for its volumes of Incus alone, into a data folder that is there.';

await runScript(async () => {
  const { values, positionals } = readArguments();
  const [given] = positionals;
  if (!given || positionals.length > 1) throw new Failure(USAGE);
  const source = resolve(given);
  const env = readEnvironment();
  await requireNoServer(env);
  const dataDir = resolve(env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR);
  if (!values.volumes && existsSync(dataDir) && readdirSync(dataDir).some((name) => name !== 'lost+found')) {
    throw new Failure(`${dataDir} is not empty. Move it away, or set SANDBOX_DATA_DIR to another folder.`);
  }
  const names = await verified(source);
  const volumes = names.filter((name) => name.endsWith(ARCHIVE_SUFFIX));
  mkdirSync(dataDir, { recursive: true });
  keepDataFolder(dataDir);
  const files = names.filter((name) => !volumes.includes(name));
  if (!values.volumes) await bringFolderBack(files, source, dataDir);
  const present = await bringVolumesBack(dataDir, env, volumes, source);
  if (present.length > 0) {
    throw new Failure(
      `Incus has these volumes already, and they stay as they are: ${present.join(', ')}. To have them as the backup has them, delete what uses them (incus delete) and then them (incus storage volume delete), and run this once more with --volumes.`,
    );
  }
  if (volumes.length > 0) print(`Brought ${counted(volumes.length, 'volume', 'volumes')} back to Incus.`);
  return 0;
});

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { volumes: { type: 'boolean', default: false } } });
  } catch {
    throw new Failure(USAGE);
  }
}

/**
 * @param {string[]} files
 * @param {string} source
 * @param {string} dataDir
 */
async function bringFolderBack(files, source, dataDir) {
  const args = ['--extract', '--sparse', '--numeric-owner', '--same-owner', '--same-permissions', '--acls', '--xattrs'];
  for (const file of files) {
    await runLogged(`bring back ${file}`, 'tar', [...args, '--file', join(source, file), '--directory', dataDir], {
      timeoutMs: TAR_MS,
    });
  }
  await runLogged('bring the files to the disk', 'sync', ['-f', dataDir], { timeoutMs: TAR_MS });
  print(`Brought ${counted(files.length, 'entry', 'entries')} to ${dataDir}; the next start finds all sandboxes.`);
}

/**
 * The names of a backup's files, each of which is as it was written.
 * @param {string} source
 */
async function verified(source) {
  const list = join(source, MANIFEST);
  if (!existsSync(list))
    throw new Failure(`${source} has no ${MANIFEST}: it is no backup, or one that was not finished.`);
  const sha256 = readHashes(list);
  for (const [file, expected] of Object.entries(sha256)) {
    if (
      !/^[^/]+\.(?:tar|volume)$/.test(file) ||
      !existsSync(join(source, file)) ||
      (await hashFile(join(source, file))) !== expected
    ) {
      throw new Failure(`${file} in ${source} is not as it was written; nothing was brought back.`);
    }
  }
  return Object.keys(sha256);
}

/**
 * @param {string} list
 * @returns {Record<string, string>}
 */
function readHashes(list) {
  try {
    const { sha256 } = JSON.parse(readFileSync(list, 'utf8'));
    if (sha256 !== null && typeof sha256 === 'object') return sha256;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Failure(`${list} is damaged, so that nobody knows what the backup has; nothing was brought back.`);
}
