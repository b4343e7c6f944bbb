import { createHash } from 'node:crypto';
import type { Config } from '../config.ts';
import type { EngineNetwork, EngineSpec } from '../engines/engine.ts';
import { HOME, PACKAGES, SANDBOX_USER, temporaryFolders, WORKSPACE } from './layout.ts';
import type { SandboxOverrides } from './record.ts';

/** Labels that this server reads back from the engine. A claimed sandbox changes its name, never its labels. */
export const LABEL = {
  instance: 'clara.instance',
  spec: 'clara.spec',
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

interface SpecParts {
  readonly instance: string;
  readonly id: string;
  readonly folders: { readonly workspace: string; readonly packages: string };
  readonly overrides: SandboxOverrides;
  readonly isPooled?: boolean;
}

/** What the engine is to make for a sandbox: the configuration, with what its owner asked for. */
export function toEngineSpec(config: Config, parts: SpecParts): EngineSpec {
  const { instance, id, folders, overrides } = parts;
  return {
    name: toEngineName(instance, id),
    labels: {
      [LABEL.instance]: instance,
      [LABEL.spec]: specHash(config, overrides),
      ...(parts.isPooled ? { [LABEL.pooled]: 'true' } : {}),
    },
    image: overrides.image ?? config.image,
    user: SANDBOX_USER,
    workdir: WORKSPACE,
    env: {},
    memoryBytes: overrides.memoryBytes ?? config.memoryBytes,
    cpus: overrides.cpus ?? config.cpus,
    pidsLimit: config.pidsLimit,
    mounts: [
      { source: folders.workspace, target: WORKSPACE },
      { source: folders.workspace, target: HOME },
      { source: folders.packages, target: PACKAGES },
    ],
    tmpfs: temporaryFolders(config.tmpBytes),
    network: toNetwork(config, instance),
  };
}

/** Tells whether a sandbox that exists is still what the configuration and its owner ask for. */
export function specHash(config: Config, overrides: SandboxOverrides): string {
  const parts = [
    overrides.image ?? config.image,
    overrides.memoryBytes ?? config.memoryBytes,
    overrides.cpus ?? config.cpus,
    config.pidsLimit,
    config.tmpBytes,
    config.network,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function toNetwork(config: Config, instance: string): EngineNetwork {
  return config.network === 'none' ? { mode: 'none' } : { mode: 'bridge', name: `clara-${instance}` };
}
