import { createHash } from 'node:crypto';
import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';
import { isWider, type NetworkMode } from './network-mode.ts';
import { requirePermittedImage } from './permitted-images.ts';

/** What a sandbox is made with, complete. */
export interface SandboxSpec {
  readonly image: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly volumes: readonly { readonly id: string; readonly path: string }[];
  /** Devices for computing; null for none. */
  readonly gpus: string | null;
  readonly pidsLimit: number;
  readonly tmpBytes: number;
  readonly network: NetworkMode;
  /** Egress patterns that narrow the configuration's; null for all that it allows. */
  readonly egressAllow: readonly string[] | null;
  /** Where it is given, the sandbox may do all but this, and what `egressAllow` names. */
  readonly egressDeny: readonly string[] | null;
  readonly runtime: Config['runtime'];
  readonly seccomp: Config['seccomp'];
}

/** Raised when something else is made of the same spec, such as with more hardening: older containers are then made anew at their next start. */
const REVISION = 7;

/**
 * The spec of a sandbox: what was asked for, the configuration's for the rest, never more than that allows. A maximum lowered later
 * counts at the next start; the record keeps what was asked for.
 */
export function resolveSpec(config: Config, asked: AskedSpec): SandboxSpec {
  const network = asked.network ?? config.network;
  return {
    image: asked.image ?? config.image,
    memoryBytes: Math.min(asked.memoryBytes ?? config.memoryBytes, config.maxMemoryBytes),
    cpus: Math.min(asked.cpus ?? config.cpus, config.maxCpus),
    volumes: asked.volumes ?? [],
    gpus: config.allowsDevices ? (asked.gpus ?? null) : null,
    pidsLimit: config.pidsLimit,
    tmpBytes: config.tmpBytes,
    network: isWider(network, config.network) ? config.network : network,
    egressAllow: asked.egressAllow ?? null,
    egressDeny: asked.egressDeny ?? null,
    runtime: config.runtime,
    seccomp: config.seccomp,
  };
}

/** Throws `invalid` where a create asks for more than this server gives. */
export function requireGrantable(asked: AskedSpec, config: Config): void {
  requirePermittedImage(asked, config);
  if ((asked.memoryBytes ?? 0) > config.maxMemoryBytes) {
    const limit = Math.floor(config.maxMemoryBytes / 2 ** 20);
    throw new SandboxError('invalid', `memory_limit must not be more than ${limit}m on this server.`, {
      field: 'memory_limit',
    });
  }
  if ((asked.cpus ?? 0) > config.maxCpus) {
    throw new SandboxError('invalid', `cpu_limit must not be more than ${config.maxCpus} on this server.`, {
      field: 'cpu_limit',
    });
  }
  if (asked.network && isWider(asked.network, config.network)) {
    throw new SandboxError('invalid', `network must not be more than ${config.network} on this server.`, {
      field: 'network',
    });
  }
  if ((asked.egressAllow || asked.egressDeny) && config.network === 'bridge' && asked.network !== 'proxy') {
    throw new SandboxError('invalid', 'egress_allow works with network proxy only: ask for that too.', {
      field: 'egress_allow',
    });
  }
}

/** Differs between any two specs of which different containers are made; 16 hex digits. */
export function specHash(spec: SandboxSpec): string {
  const { image, memoryBytes, cpus, volumes, pidsLimit, tmpBytes, network } = spec;
  const { egressAllow, egressDeny, runtime, seccomp, gpus } = spec;
  const parts: unknown[] = [
    REVISION,
    image,
    memoryBytes,
    cpus,
    pidsLimit,
    tmpBytes,
    network,
    egressAllow,
    runtime,
    seccomp,
  ];
  if (egressDeny !== null) parts.push(egressDeny);
  if (gpus !== null) parts.push({ gpus });
  if (volumes.length > 0) parts.push(...volumes.flatMap(({ id, path }) => [id, path]));
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Whether a create asks for something else than the sandbox has, be it said or the configuration's. */
export function changesSpec(config: Config, current: AskedSpec, asked: AskedSpec): boolean {
  return specHash(resolveSpec(config, { ...current, ...asked })) !== specHash(resolveSpec(config, current));
}
