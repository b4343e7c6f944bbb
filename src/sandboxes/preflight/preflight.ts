import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engines/engine.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { checkEngine } from './engine-check.ts';
import { checkRuntime } from './runtime-check.ts';
import { checkUsers } from './user-check.ts';

interface PreflightParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly instance: string;
  readonly users: SandboxUsers;
  readonly logger: FastifyBaseLogger;
}

/** Throws `invalid` where the engine cannot hold sandboxes as the configuration says; one that does not answer proves nothing and passes. */
export async function preflight({ engine, config, instance, users, logger }: PreflightParts): Promise<void> {
  await checkEngine(engine, config, logger);
  await checkUsers(engine, config, instance, users);
  await checkRuntime(engine, config, instance, users);
}
