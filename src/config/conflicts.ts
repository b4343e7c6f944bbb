import type { AskedMode } from './modes.ts';
import { type ApiNames, explainSharedSite } from './preview-domain.ts';

/** The variables that can contradict each other. */
interface Variables extends ApiNames {
  readonly SANDBOX_API_KEY?: string | undefined;
  readonly SANDBOX_API_KEYS: readonly unknown[];
  readonly SANDBOX_DOCKER_MEMORY: number;
  readonly SANDBOX_DOCKER_MEMORY_MAX: number;
  readonly SANDBOX_DOCKER_CPU: number;
  readonly SANDBOX_DOCKER_CPU_MAX: number;
  readonly SANDBOX_PREVIEW_DOMAIN?: string | undefined;
  readonly JWT_SECRET?: string | undefined;
  readonly SANDBOX_MODE: AskedMode;
  readonly SANDBOX_API_URL?: string | undefined;
  readonly SANDBOX_REMOTE_API_KEY?: string | undefined;
}

/** Why variables that are right each by itself do not go together; null where they do. */
export function explainConflict(env: Variables): string | null {
  if (env.SANDBOX_API_KEY === undefined && env.SANDBOX_API_KEYS.length === 0) {
    return 'SANDBOX_API_KEY must be set: it is the password of this server. Or SANDBOX_API_KEYS, with an entry from npm run key.';
  }
  if (env.SANDBOX_MODE === 'remote') {
    if (env.SANDBOX_API_URL === undefined) {
      return 'SANDBOX_MODE is remote, which needs SANDBOX_API_URL: the address of the server that holds the sandboxes.';
    }
    if (env.SANDBOX_API_KEY === undefined && env.SANDBOX_REMOTE_API_KEY === undefined) {
      return 'SANDBOX_MODE is remote, which needs SANDBOX_REMOTE_API_KEY: a key of the server that holds the sandboxes.';
    }
  }
  if (env.SANDBOX_DOCKER_MEMORY > env.SANDBOX_DOCKER_MEMORY_MAX) {
    return 'SANDBOX_DOCKER_MEMORY must not be more than SANDBOX_DOCKER_MEMORY_MAX.';
  }
  if (env.SANDBOX_DOCKER_CPU > env.SANDBOX_DOCKER_CPU_MAX) {
    return 'SANDBOX_DOCKER_CPU must not be more than SANDBOX_DOCKER_CPU_MAX.';
  }
  if (env.JWT_SECRET !== undefined && env.JWT_SECRET === env.SANDBOX_API_KEY) {
    return 'JWT_SECRET must not be SANDBOX_API_KEY: whoever has the key would make tokens for anybody.';
  }
  return explainSharedSite(env.SANDBOX_PREVIEW_DOMAIN, env);
}
