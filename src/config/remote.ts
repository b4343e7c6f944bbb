import type { Environment } from './environment.ts';

/** Another server of this project, and what opens it. */
export interface Remote {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly timeoutSeconds: number;
}

/** The other server that is named; null where there is none, or no key for it. */
export function toRemote(env: Environment): Remote | null {
  const key = env.SANDBOX_REMOTE_API_KEY ?? env.SANDBOX_API_KEY;
  if (env.SANDBOX_API_URL === undefined || key === undefined) return null;
  return { url: env.SANDBOX_API_URL, key, timeoutSeconds: env.SANDBOX_TIMEOUT };
}
