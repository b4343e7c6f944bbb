import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import type { EgressLimits } from '../meter.ts';
import type { EgressRules } from '../policy.ts';
import { EGRESS_DEADLINES, type EgressDeadlines } from './deadlines.ts';
import { type ConnectionEnd, Egress } from './egress.ts';
import { thisMachine } from './local-host.ts';
import { type Resolver, systemResolver } from './resolver.ts';

/** What the way out is made of: the configuration, and what a test may set otherwise. */
interface EgressOptions {
  readonly config: { readonly egress: { readonly rules: EgressRules; readonly limits: EgressLimits } };
  readonly clock: Clock;
  readonly logger: Pick<FastifyBaseLogger, 'info'>;
  readonly egressDeadlines?: Partial<EgressDeadlines>;
  readonly resolver?: Resolver;
  readonly trustedRoots?: readonly string[];
}

/** The way out of all sandboxes of this machine, whose `guardedPorts` none of them reaches at the moment of asking. */
export function openEgress(
  options: EgressOptions,
  guardedPorts: () => readonly number[],
  onEnd: (connection: ConnectionEnd) => void,
): Egress {
  return new Egress({
    ...options.config.egress,
    deadlines: { ...EGRESS_DEADLINES, ...options.egressDeadlines },
    localHost: thisMachine(options.clock, guardedPorts),
    resolver: options.resolver ?? systemResolver(),
    trustedRoots: options.trustedRoots,
    clock: options.clock,
    logger: options.logger,
    onEnd,
  });
}
