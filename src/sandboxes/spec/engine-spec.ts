import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { EngineNetwork, EngineSandbox, EngineSpec } from '../../engines/engine.ts';
import { SHARED_FILES } from '../storage/shared-files.ts';
import type { SandboxFolders } from '../storage/store.ts';
import { HOME, PACKAGES, WORKSPACE } from './folders.ts';
import { SOCKET_FOLDER, temporaryFolders } from './layout.ts';
import { type SandboxSpec, specHash } from './sandbox-spec.ts';
import { CERTIFICATE_FOLDER } from './secret-environment.ts';

/** Labels that this server reads back from the engine. A claimed sandbox changes its name, never its labels. */
export const LABEL = {
  instance: 'clara.instance',
  spec: 'clara.spec',
  /** The id of its user: one that was made for another must not run on files that have changed hands. */
  user: 'clara.user',
  /** Its network mode: one that the configuration no longer gives it must not run on. */
  network: 'clara.network',
  /** The data folder that its mounts are in: another where that was moved since. */
  folder: 'clara.folder',
  /** What its image was when it was made; the name may mean another by now. */
  image: 'clara.image',
  /** The engine's volume that it was made with; none where it binds folders of this machine. */
  volume: 'clara.volume',
  /** Made for the pool: its mounts name a folder that was renamed since, so it can run on but not start again. */
  pooled: 'clara.pooled',
} as const;

/** The engine's name of a sandbox: which server's, then which. */
export function toEngineName(instance: string, id: string): string {
  return `clara-${instance}-${id}`;
}

/** The sandbox id in an engine's name; null where the name is not of this server's making. */
export function fromEngineName(instance: string, name: string): string | null {
  const prefix = toEngineName(instance, '');
  return name.startsWith(prefix) ? name.slice(prefix.length) : null;
}

/** What of the configuration is the same for all sandboxes. */
type ServerConfig = Pick<Config, 'agentTransport' | 'bridge'>;

interface SpecParts {
  readonly instance: string;
  readonly id: string;
  /** The data folder that those of the sandbox are in. */
  readonly dataDir: string;
  readonly folders: SandboxFolders;
  readonly spec: SandboxSpec;
  /** What of its volumes is bound, and the groups whose files are in there; none where absent. */
  readonly attached?: Pick<EngineSpec, 'mounts' | 'groups'>;
  /** What its image is at the moment; null where there is none. */
  readonly imageId: string | null;
  readonly isPooled?: boolean;
}

/** What the engine is to make for a sandbox. */
export function toEngineSpec(config: ServerConfig, parts: SpecParts): EngineSpec {
  const { instance, id, dataDir, folders, spec, imageId } = parts;
  const { image, memoryBytes, cpus, pidsLimit, runtime, seccomp } = spec;
  return {
    name: toEngineName(instance, id),
    labels: {
      [LABEL.instance]: instance,
      [LABEL.spec]: specHash(spec),
      [LABEL.user]: String(folders.user.uid),
      [LABEL.network]: spec.network,
      [LABEL.folder]: dataDir,
      ...(imageId === null ? {} : { [LABEL.image]: imageId }),
      ...(typeof folders.workspace === 'string' ? {} : { [LABEL.volume]: folders.workspace.volume }),
      ...(parts.isPooled ? { [LABEL.pooled]: 'true' } : {}),
    },
    image,
    user: folders.user,
    workdir: WORKSPACE,
    env: {},
    memoryBytes,
    cpus,
    pidsLimit,
    mounts: [
      { source: folders.workspace, target: WORKSPACE },
      { source: folders.workspace, target: HOME },
      { source: folders.packages, target: PACKAGES },
      { source: folders.passwd, target: '/etc/passwd', isReadOnly: true },
      { source: folders.group, target: '/etc/group', isReadOnly: true },
      { source: folders.certificates, target: CERTIFICATE_FOLDER, isReadOnly: true },
      ...SHARED_FILES.map(({ name, target }) => ({ source: join(dataDir, name), target, isReadOnly: true })),
      ...(config.agentTransport === 'socket'
        ? [{ source: folders.socket, target: SOCKET_FOLDER, isReadOnly: true }]
        : []),
      ...(parts.attached?.mounts ?? []),
    ],
    ...(parts.attached?.groups?.length ? { groups: parts.attached.groups } : {}),
    ...(spec.gpus === null ? {} : { gpus: spec.gpus }),
    tmpfs: temporaryFolders(spec.tmpBytes, memoryBytes),
    network: toNetwork(config, parts),
    runtime,
    seccomp,
  };
}

function toNetwork(config: ServerConfig, { instance, id, spec }: SpecParts): EngineNetwork {
  if (spec.network !== 'bridge') return { mode: 'none' };
  return { mode: 'bridge', name: toEngineName(instance, id), ...config.bridge };
}

/** False for a container that was made with another volume of the engine than its sandbox has now. */
export function isOnVolume(
  { labels }: Pick<EngineSandbox, 'labels'>,
  { workspace }: Pick<SandboxFolders, 'workspace'>,
): boolean {
  return labels[LABEL.volume] === (typeof workspace === 'string' ? undefined : workspace.volume);
}

/** False for a sandbox that was made in another data folder, or in this one before it was moved; earlier versions gave no label for it. */
export function isInFolder({ labels, bound }: Pick<EngineSandbox, 'labels' | 'bound'>, dataDir: string): boolean {
  const folder = labels[LABEL.folder];
  if (folder !== undefined) return folder === dataDir;
  const workspace = bound?.[WORKSPACE];
  return workspace === undefined || workspace.startsWith(join(dataDir, '/'));
}
