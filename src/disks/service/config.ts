import { parseVariables, requireKnownNames } from '../../config/config.ts';
import { environmentSchema } from '../../config/environment.ts';

const schema = environmentSchema
  .pick({ SANDBOX_DATA_DIR: true, SANDBOX_LOG_LEVEL: true })
  .extend({ SANDBOX_DISK_SERVICE: environmentSchema.shape.SANDBOX_DISK_SERVICE.unwrap() });

/** What the disk service reads of the configuration: no key, no network. */
export interface DiskServiceConfig {
  readonly dataDir: string;
  readonly socket: string;
  readonly logLevel: string;
}

/** Reads it; throws a ConfigError that names each wrong or unknown variable. */
export function parseDiskServiceConfig(variables: Readonly<Record<string, string | undefined>>): DiskServiceConfig {
  requireKnownNames({ 'the environment': Object.keys(variables) });
  const env = parseVariables(schema, variables);
  return { dataDir: env.SANDBOX_DATA_DIR, socket: env.SANDBOX_DISK_SERVICE, logLevel: env.SANDBOX_LOG_LEVEL };
}
