import type { Config } from '../../config/config.ts';
import { SandboxError } from '../../errors.ts';
import type { SandboxOverrides } from '../storage/record.ts';
import { specHash } from './engine-spec.ts';
import { isWider } from './network-mode.ts';
import { requirePermittedImage } from './permitted-images.ts';

/** Throws `invalid` where a create asks for more than this server gives. */
export function checkOverrides(overrides: SandboxOverrides, config: Config): void {
  requirePermittedImage(overrides.image, config);
  if ((overrides.memoryBytes ?? 0) > config.maxMemoryBytes) {
    const limit = Math.floor(config.maxMemoryBytes / 2 ** 20);
    throw new SandboxError('invalid', `memory_limit must not be more than ${limit}m on this server.`);
  }
  if ((overrides.cpus ?? 0) > config.maxCpus) {
    throw new SandboxError('invalid', `cpu_limit must not be more than ${config.maxCpus} on this server.`);
  }
  if (overrides.network && isWider(overrides.network, config.network)) {
    throw new SandboxError('invalid', `network must not be more than ${config.network} on this server.`);
  }
  if (overrides.egressAllow && config.network === 'bridge' && overrides.network !== 'proxy') {
    throw new SandboxError('invalid', 'egress_allow works with network proxy only: ask for that too.');
  }
}

/** Whether a create asks for something else than the sandbox has, be it said or the configuration's. */
export function changesSpec(current: SandboxOverrides, asked: SandboxOverrides, config: Config): boolean {
  return specHash(config, { ...current, ...asked }) !== specHash(config, current);
}
