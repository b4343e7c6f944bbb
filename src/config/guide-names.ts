import type { Variables } from './names-of-modes.ts';

/** Variables of a guide that name services which this server does without. */
const UNNEEDED = /^(?:SCHEDULER_URL|SESSION_MANAGER_URL|POSTGRES_[A-Z]+|REDIS_ADDR|MINIO_ENDPOINT)$/;

/** Those of the guide that are set and not needed, in their order. */
export function unneededNames(variables: Variables): readonly string[] {
  return Object.keys(variables)
    .filter((name) => UNNEEDED.test(name) && variables[name])
    .sort();
}
