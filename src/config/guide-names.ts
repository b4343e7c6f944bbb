import { isPublishedName, OWN_IMAGE } from './published-images.ts';

/** Variables of the gateway's guide that mean one of this server's. */
const SAME: Readonly<Record<string, string>> = {
  POOL_MIN_SIZE: 'SANDBOX_POOL_SIZE',
  POOL_MAX_SIZE: 'SANDBOX_MAX_CONTAINERS',
  SANDBOX_IMAGE: 'SANDBOX_DOCKER_IMAGE',
};

/** Names of the guide that begin with a word of this server's and are none of its variables. */
export const GUIDE_NAMES: readonly string[] = Object.keys(SAME);

/** Variables of the guide that name services which this server does without. */
const UNNEEDED = /^(?:SCHEDULER_URL|SESSION_MANAGER_URL|POSTGRES_[A-Z]+|REDIS_ADDR|MINIO_ENDPOINT)$/;

type Variables = Readonly<Record<string, string | undefined>>;

/** The variables with those of the guide under this server's names, where these have no value of their own. */
export function withGuideNames(variables: Variables): Variables {
  const renamed: Record<string, string | undefined> = {};
  for (const [theirs, ours] of Object.entries(SAME)) {
    const value = variables[theirs];
    if (!value || variables[ours]) continue;
    renamed[ours] = theirs === 'SANDBOX_IMAGE' && isPublishedName(value) ? OWN_IMAGE : value;
  }
  return { ...variables, ...renamed };
}

/** Those of the guide that are set and not needed, in their order. */
export function unneededNames(variables: Variables): readonly string[] {
  return Object.keys(variables)
    .filter((name) => UNNEEDED.test(name) && variables[name])
    .sort();
}
