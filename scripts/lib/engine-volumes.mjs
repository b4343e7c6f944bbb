import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { compiled } from './compiled.mjs';
import { engineNoteOf, entriesOf, instanceOf } from './data-folder.mjs';
import { withoutEmpty } from './doctor/settings.mjs';
import { Failure } from './failure.mjs';
import { withNotedIncus } from './sandboxes.mjs';

/** What the archive of a volume is named, behind the volume's name. */
export const ARCHIVE_SUFFIX = '.volume';

const VOLUME_MS = 6 * 3_600_000;

/**
 * The names of the engine's volumes that have files of this data folder; none where all are on this machine.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string[]>}
 */
export async function volumesIn(dataDir, env) {
  const used = engineNoteOf(dataDir)?.used ?? [env.SANDBOX_MODE];
  // Docker has none, and a backup of its sandboxes needs no build of the server.
  if (!used.some((engine) => engine?.startsWith('incus'))) return [];
  await ensureBuild();
  const { volumesOf } = await compiled('disks/volume-disk.js');
  const folders = entriesOf(dataDir)
    .map((name) => join(dataDir, name))
    .filter((path) => statSync(path).isDirectory());
  return (await Promise.all(folders.map(volumesOf))).flat();
}

/**
 * Writes an archive of each volume into a folder; the names of the files. Fails with a sentence where sandboxes run that have them.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} names
 * @param {string} target
 * @returns {Promise<string[]>}
 */
export async function archiveVolumes(dataDir, env, names, target) {
  if (names.length === 0) return [];
  return await withEngine(dataDir, env, async (engine) => {
    const running = await runningOf(engine, dataDir);
    if (running > 0) throw new Failure(`Sandboxes still run (${running}) on ${engine.traits.label}. ${HOW_TO_STOP}`);
    for (const name of names) {
      const file = createWriteStream(join(target, `${name}${ARCHIVE_SUFFIX}`), { flags: 'wx' });
      await engine.volumes.archive(name, file, VOLUME_MS);
    }
    return names.map((name) => `${name}${ARCHIVE_SUFFIX}`);
  });
}

/**
 * Makes a volume of each archive; the names of those that are there already, which stay as they are.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} files
 * @param {string} source
 * @returns {Promise<string[]>}
 */
export async function bringVolumesBack(dataDir, env, files, source) {
  if (files.length === 0) return [];
  return await withEngine(dataDir, env, async (engine) => {
    const present = [];
    for (const file of files) {
      const name = file.slice(0, -ARCHIVE_SUFFIX.length);
      if (await engine.volumes.has(name)) present.push(name);
      else await engine.volumes.bringBack(name, createReadStream(join(source, file)), VOLUME_MS);
    }
    return present;
  });
}

const HOW_TO_STOP =
  'Stop them first: start the server, POST /sandbox/{user_id}/stop for each, and stop the server, or incus stop for each.';

/** How many sandboxes of a data folder an engine runs. */
async function runningOf(engine, dataDir) {
  const all = await engine.list({ 'clara.instance': instanceOf(dataDir) ?? '' });
  return all.filter(({ state }) => state !== 'stopped').length;
}

/**
 * Opens the engine that has the volumes of a data folder, with the trust that its server has there.
 * @template T
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @param {(engine: any) => Promise<T>} use
 */
async function withEngine(dataDir, env, use) {
  await ensureBuild();
  const config = await compiled('config/config.js');
  const engines = await compiled('modes/open-engine.js');
  const kind = engineNoteOf(dataDir)?.engine ?? env.SANDBOX_MODE;
  const settings = { SANDBOX_API_KEY: 'made-by-npm-run-up', ...withoutEmpty(withNotedIncus(dataDir, env)) };
  let engine;
  try {
    const { incus } = config.parseConfig({ ...settings, SANDBOX_DATA_DIR: dataDir }, kind);
    engine = engines.openEngine(kind, { ...incus, trustToken: null });
    if (!engine.volumes) throw new Failure(`The files are in volumes, and the engine ${kind} has none.`);
    return await use(engine);
  } catch (error) {
    if (error?.name !== 'SandboxError' && error?.name !== 'ConfigError') throw error;
    throw new Failure(error.message);
  } finally {
    await engine?.close();
  }
}
