import type { z } from 'zod';
import type { SandboxSize, Tenancy } from '../../../sandboxes/tenancies.ts';
import { ENVD_VERSION } from '../envd/version.ts';
import type * as schemas from './schemas.ts';

/** Answered where clients expect one of many: there is this server alone. */
const CLIENT_ID = 'clara';

const MIB = 2 ** 20;

interface Shown {
  readonly tenancy: Tenancy;
  readonly domain: string | null;
}

/** A sandbox as its maker is told of it. */
export function toSandbox({ tenancy, domain }: Shown): z.output<typeof schemas.sandbox> {
  return {
    ...toNamed(tenancy),
    ...toToken(tenancy),
    trafficAccessToken: tenancy.terms.trafficToken,
    domain,
  };
}

/** The same in a list. */
export function toListed(tenancy: Tenancy, size: SandboxSize): z.output<typeof schemas.listed>[number] {
  return {
    ...toNamed(tenancy),
    startedAt: new Date(tenancy.createdAtMs).toISOString(),
    endAt: new Date(tenancy.endAtMs).toISOString(),
    cpuCount: size.cpus,
    memoryMB: Math.floor(size.memoryBytes / MIB),
    diskSizeMB: Math.floor(size.diskBytes / MIB),
    metadata: { ...tenancy.labels },
    state: tenancy.isSuspended ? 'paused' : 'running',
  };
}

/** The same with all that is known of it. */
export function toDetail({ tenancy, domain }: Shown, size: SandboxSize): z.output<typeof schemas.detail> {
  const { network, trafficToken, isResumedByTraffic } = tenancy.terms;
  const { end } = tenancy.life;
  return {
    ...toListed(tenancy, size),
    ...toToken(tenancy),
    domain,
    allowInternetAccess: network.isInternetAllowed,
    network: {
      allowOut: [...network.allowOut],
      denyOut: [...network.denyOut],
      allowPublicTraffic: trafficToken === null,
      ...(network.maskRequestHost === null ? {} : { maskRequestHost: network.maskRequestHost }),
    },
    lifecycle: {
      onTimeout: end.when === 'at' && end.by === 'purge' ? 'kill' : 'pause',
      autoResume: isResumedByTraffic,
    },
  };
}

function toNamed({ address, terms: { template } }: Tenancy) {
  return {
    sandboxID: address.id,
    templateID: template.id,
    ...(template.name === null ? {} : { alias: template.name }),
    clientID: CLIENT_ID,
    envdVersion: ENVD_VERSION,
  };
}

function toToken({ terms: { token } }: Tenancy): { envdAccessToken?: string } {
  return token === null ? {} : { envdAccessToken: token };
}
