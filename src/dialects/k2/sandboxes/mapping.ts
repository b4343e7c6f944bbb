import type { z } from 'zod';
import type { LifePolicy } from '../../../sandboxes/asked/life-policy.ts';
import type { CatalogEntry } from '../../../sandboxes/registry/catalog.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import type { sandbox, sandboxList } from './schemas.ts';

type Sandbox = z.output<typeof sandbox>;

/** The life of a sandbox here: frozen as the configuration says, removed with its files after N seconds without use. */
export function toLife(timeout: number): LifePolicy {
  return {
    pauseAfter: 'default',
    stopAfter: 'never',
    yieldsAtCap: false,
    end: { when: 'unused', afterSeconds: timeout, by: 'purge' },
  };
}

/** A sandbox of this dialect; one that is down for another reason than a request runs as soon as it is used. */
export function toSandbox(found: SandboxStatus, status: Sandbox['status'] = stateOf(found)): Sandbox {
  const { life } = found;
  return { ...named(found, status), status, timeout: life.end.when === 'unused' ? life.end.afterSeconds : 0 };
}

/** The same in a list. */
export function toListed(entry: CatalogEntry): z.output<typeof sandboxList>['sandboxes'][number] {
  const status = stateOf(entry);
  return { ...named(entry, status), status };
}

function stateOf({ isHalted }: { readonly isHalted: boolean }): 'running' | 'stopped' {
  return isHalted ? 'stopped' : 'running';
}

function named(
  { address, imageName, createdAtMs, labels }: Pick<SandboxStatus, 'address' | 'imageName' | 'createdAtMs' | 'labels'>,
  state: string,
) {
  return {
    sandbox_id: address.id,
    id: address.id,
    state,
    template: imageName ?? '',
    created_at: new Date(createdAtMs).toISOString(),
    metadata: { ...labels },
  };
}
