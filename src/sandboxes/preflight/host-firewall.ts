import type { FastifyBaseLogger } from 'fastify';
import type { Engine } from '../../engines/engine.ts';

/** Closes this machine and its private networks to sandboxes with a network card; warns where that cannot be done. */
export async function closeHost(engine: Engine, logger: FastifyBaseLogger): Promise<void> {
  const gap = (await engine.host?.closeToBridges()) ?? null;
  if (gap === null) return;
  const sentence =
    'SANDBOX_NETWORK is bridge, and sandboxes reach this machine and its private networks; see docs/network.md';
  logger.warn({ reason: gap }, sentence);
}
