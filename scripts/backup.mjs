// `npm run backup -- <folder>`: copies the data folder of a server that is down, a tar file with holes for each sandbox, and an archive
// of each volume of Incus that has files of one. What it wrote is read back, and the list of all files with their SHA-256 is written
// last: without it a backup is none.

import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hashWritten, MANIFEST } from './lib/backup-files.mjs';
import { counted } from './lib/counted.mjs';
import { dataFolderOf, entriesOf, keepDataFolder, mountedDisks, requireNoServer } from './lib/data-folder.mjs';
import { archiveVolumes, volumesIn } from './lib/engine-volumes.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { runLogged } from './lib/run.mjs';
import { sandboxesOf } from './lib/sandboxes.mjs';
import { print } from './lib/terminal.mjs';

const TAR_MS = 6 * 3_600_000;

await runScript(async () => {
  const [given] = process.argv.slice(2);
  if (!given || process.argv.length > 3) throw new Failure('Usage: npm run backup -- <an empty or new folder>');
  const target = withoutLinks(resolve(given));
  const env = readEnvironment();
  await requireNoServer(env);
  const dataDir = dataFolderOf(env);
  keepDataFolder(dataDir);
  await requireQuiet(dataDir, env);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new Failure(`${target} is not empty; a backup goes into a folder of its own.`);
  }
  if (target === dataDir || target.startsWith(`${dataDir}/`)) {
    throw new Failure(`${target} lies in the data folder, which would be copied into itself.`);
  }
  // Whoever may look into a folder that is there already reads no file of a user, and no key.
  process.umask(0o077);
  mkdirSync(target, { recursive: true });
  /** @type {Record<string, string>} */
  const hashes = {};
  for (const file of await archiveVolumes(dataDir, env, await volumesIn(dataDir, env), target)) {
    hashes[file] = await hashWritten(join(target, file));
  }
  for (const name of entriesOf(dataDir)) {
    const file = `${name}.tar`;
    const args = ['--create', '--sparse', '--one-file-system', '--numeric-owner', '--acls', '--xattrs'];
    await runLogged(
      `copy ${name}`,
      'tar',
      [...args, '--file', join(target, file), '--directory', dataDir, '--', name],
      {
        timeoutMs: TAR_MS,
      },
    );
    hashes[file] = await hashWritten(join(target, file));
  }
  await writeManifest(target, hashes);
  print(
    `Copied ${counted(Object.keys(hashes).length, 'entry', 'entries')} of ${dataDir} to ${target}. npm run restore -- ${target} brings them back.`,
  );
  return 0;
});

/**
 * A path of which not all need be there, as it is behind links.
 * @param {string} path
 * @returns {string}
 */
function withoutLinks(path) {
  if (existsSync(path)) return realpathSync(path);
  return join(withoutLinks(dirname(path)), basename(path));
}

/**
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 */
async function requireQuiet(dataDir, env) {
  const running = (await sandboxesOf(dataDir, env)).filter(({ isRunning }) => isRunning);
  if (running.length > 0 || mountedDisks(dataDir).length > 0) {
    throw new Failure(
      `Sandboxes still run (${running.length}), or their disks are open. Stop them first: npm run down`,
    );
  }
}

/**
 * @param {string} target
 * @param {Record<string, string>} hashes
 */
async function writeManifest(target, hashes) {
  const unfinished = join(target, `${MANIFEST}.new`);
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version: 1, sha256: hashes }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(target, MANIFEST));
}
