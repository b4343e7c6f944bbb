import { readFile, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { hasCode, SandboxError } from '../../../base/errors.ts';
import type { EngineSpec, EngineUser } from '../../engine.ts';
import type { MountSource, VolumeFolder } from '../../engine-volumes.ts';

/** A folder of every image, over which a small file system in memory is put for the copies of files. */
export const FILES_FOLDER = 'run/clara-certificates';
const FILES_BYTES = 1_048_576;

/** The kernel's bound for one argument of a program (MAX_ARG_STRLEN), with room for what is around it. */
const MAX_SCRIPT_BYTES = 120_000;

/** A file that a sandbox is to have at a path. */
export interface CopiedFile {
  readonly target: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** The mounts of a spec that are folders of volumes, by volume. */
export function volumeMounts({ mounts }: Pick<EngineSpec, 'mounts'>): ReadonlyMap<string, readonly Place[]> {
  const found = new Map<string, Place[]>();
  for (const { source, target } of mounts) {
    if (!isVolume(source)) continue;
    found.set(source.volume, [...(found.get(source.volume) ?? []), { folder: source.folder, target }]);
  }
  return found;
}

/** A folder of a volume, and where it is to be. */
export interface Place {
  readonly folder: string;
  readonly target: string;
}

/** Where Incus mounts a whole volume: the last of its places, which its folder then covers. */
export function stageOf(places: readonly Place[]): string {
  return places.at(-1)?.target ?? '/';
}

/** The devices by which an instance has its volumes, each whole and at its stage. */
export function volumeDevices(pool: string, volumes: ReadonlyMap<string, readonly Place[]>) {
  return Object.fromEntries(
    [...volumes].map(([source, places], at) => [`volume${at}`, { type: 'disk', pool, source, path: stageOf(places) }]),
  );
}

/** The files of this machine that a spec mounts, as they are now; throws `invalid` where one is not there, or is written to. Folders stay the image's own. */
export async function copiedFiles({ mounts }: Pick<EngineSpec, 'mounts'>): Promise<readonly CopiedFile[]> {
  const files: CopiedFile[] = [];
  for (const { source, target, isReadOnly } of mounts) {
    if (isVolume(source)) continue;
    if (!isReadOnly)
      throw new SandboxError(
        'invalid',
        `This Incus has no folders of the server's machine, so that nothing can bind ${source}.`,
      );
    try {
      const { mode } = await stat(source);
      if ((mode & 0o170_000) !== 0o100_000) continue;
      files.push({ target, content: await readFile(source), mode: mode & 0o777 });
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
      throw new SandboxError('invalid', `There is no ${source} that a sandbox could have.`, { cause });
    }
  }
  return files;
}

/**
 * What LXC runs before a sandbox's first process, as its root and in its own mounts: the folders of volumes come to their places, and
 * files of this machine, which the other does not have, over those of the image. A command in one line.
 */
export function startCommand(
  volumes: ReadonlyMap<string, readonly Place[]>,
  files: readonly CopiedFile[],
  owner: EngineUser,
): string {
  const lines = ['set -e', 'cd "$LXC_ROOTFS_MOUNT"'];
  for (const places of volumes.values()) lines.push(...volumeLines(places, owner));
  if (files.length > 0) lines.push(...fileLines(files));
  return `/bin/sh -c '${packed(lines)}'`;
}

/** A command of the shell, without quotes, that runs these lines; throws `invalid` where it is too long for an argument. */
export function packed(lines: readonly string[]): string {
  const script = gzipSync(`${lines.join('\n')}\n`).toString('base64');
  if (script.length > MAX_SCRIPT_BYTES) {
    throw new SandboxError('invalid', 'The files of this machine that a sandbox is to have are too large for Incus.');
  }
  return `echo ${script} | base64 -d | gzip -d | /bin/sh -s`;
}

/**
 * Brings folders of one volume, which is mounted at its stage, to their places; the root is where the shell is. What a copy has of another
 * sandbox becomes the user's: a folder last, so that a start goes on where the one before was cut off.
 */
export function volumeLines(places: readonly Place[], { uid, gid }: EngineUser): string[] {
  const stage = quoted(stageOf(places));
  const folders = [...new Set(places.map(({ folder }) => folder))];
  return [
    ...folders.map((folder) => {
      const path = `${stage}/${folder}`;
      const give = `find ${path} -xdev -depth -exec chown -h ${uid}:${gid} {} +`;
      return `[ -d ${path} ] || mkdir -m 0755 ${path}; [ "$(stat -c %u ${path})" = ${uid} ] || ${give}`;
    }),
    ...places.map(({ folder, target }) => `mount --bind ${stage}/${folder} ${quoted(target)}`),
  ];
}

/** Puts copies of files over those of the image, which has the places; the root is where the shell is. */
export function fileLines(files: readonly CopiedFile[]): string[] {
  return [
    `mount -t tmpfs -o size=${FILES_BYTES},mode=755,nosuid,nodev tmpfs ${FILES_FOLDER}`,
    ...files.flatMap(({ content, mode }, at) => [
      `echo ${content.toString('base64')} | base64 -d > ${FILES_FOLDER}/${at}`,
      `chmod ${mode.toString(8)} ${FILES_FOLDER}/${at}`,
    ]),
    // Of the mount and not of the file system: that would be told its owner again, by a number that is none in the sandbox.
    `mount -o remount,bind,ro,nosuid,nodev ${FILES_FOLDER}`,
    // An image without such a place does without.
    ...files.map(
      ({ target }, at) => `[ ! -e ${quoted(target)} ] || mount --bind ${FILES_FOLDER}/${at} ${quoted(target)}`,
    ),
  ];
}

/** A path from the root of the sandbox on, for the shell. */
export function quoted(path: string): string {
  return `'${path.replace(/^\//, '').replaceAll("'", `'\\''`)}'`;
}

function isVolume(source: MountSource): source is VolumeFolder {
  return typeof source !== 'string';
}
