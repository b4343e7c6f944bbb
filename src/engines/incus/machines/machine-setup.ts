import type { EngineSpec, EngineTmpfs } from '../../engine.ts';
import { TMPFS_BYTES_PER_FILE } from '../../hardening/limits.ts';
import {
  type CopiedFile,
  FILES_FOLDER,
  fileLines,
  type Place,
  packed,
  quoted,
  stageOf,
  volumeLines,
} from '../cluster/start-script.ts';
import { LAUNCHER_PATH, toLauncher } from '../launcher.ts';

/** In memory, so that a machine that starts again is set up again. */
const DONE = 'run/clara-machine';

/** How a setup ends whose image has no Python. */
export const NO_PYTHON = 3;

/** The agent of Incus mounts volumes once it runs: how often it is looked, a tenth of a second apart. */
const MOUNT_LOOKS = 300;

/** What a machine gets at each start, as far as it is the sandbox's own. */
export interface SetUp {
  readonly spec: Pick<EngineSpec, 'user' | 'groups' | 'pidsLimit' | 'tmpfs'>;
  readonly volumes: ReadonlyMap<string, readonly Place[]>;
  readonly files: readonly CopiedFile[];
}

/**
 * What root runs in a virtual machine before anything else of a sandbox, once after each start: the folders of volumes come to their
 * places, its temporary folders and files too, and the launcher of its programs. A command of the shell; it ends with NO_PYTHON where
 * there is no Python, and says on stderr what else failed.
 */
export function setupCommand({ spec, volumes, files }: SetUp): string {
  return packed([
    'set -e',
    'cd /',
    `[ ! -e ${DONE} ] || exit 0`,
    `command -v python3 > /dev/null || exit ${NO_PYTHON}`,
    'hostname sandbox',
    ...[...volumes.values()].flatMap((places) => [
      ...places.map(({ target }) => `mkdir -p ${quoted(target)}`),
      ...untilMounted(stageOf(places)),
      ...volumeLines(places, spec.user),
    ]),
    ...spec.tmpfs.flatMap((mount) => tmpfsLines(mount, spec.user)),
    ...(files.length > 0 ? [...placeLines(files), ...fileLines(files)] : []),
    `echo ${Buffer.from(toLauncher(spec)).toString('base64')} | base64 -d > ${LAUNCHER_PATH.slice(1)}`,
    `chmod 0644 ${LAUNCHER_PATH.slice(1)}`,
    `: > ${DONE}`,
  ]);
}

function untilMounted(stage: string): string[] {
  const notThere = `echo 'Incus has not mounted ${stage}.' >&2; exit 1`;
  return [
    'looks=0',
    `until grep -qF ' ${stage} ' /proc/self/mounts; do`,
    `  [ $((looks += 1)) -lt ${MOUNT_LOOKS} ] || { ${notThere}; }`,
    '  sleep 0.1',
    'done',
  ];
}

function tmpfsLines({ path, sizeBytes, mode }: EngineTmpfs, { uid, gid }: EngineSpec['user']): string[] {
  const files = Math.max(1, Math.floor(sizeBytes / TMPFS_BYTES_PER_FILE));
  const options = `nosuid,nodev,size=${sizeBytes},nr_inodes=${files},mode=${mode.toString(8)},uid=${uid},gid=${gid}`;
  return [`mkdir -p ${quoted(path)}`, `mount -t tmpfs -o ${options} tmpfs ${quoted(path)}`];
}

/** Unlike a container's, its root can be written to by root, so that what an image lacks can be made. */
function placeLines(files: readonly CopiedFile[]): string[] {
  return [
    `mkdir -p ${FILES_FOLDER}`,
    ...files.map(({ target }) => {
      const place = quoted(target);
      return `[ -e ${place} ] || { mkdir -p "$(dirname ${place})"; : > ${place}; }`;
    }),
  ];
}
