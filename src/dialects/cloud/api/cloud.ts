import type { Clock } from '../../../async/clock.ts';
import type { ApiKey } from '../../../auth/api-keys.ts';
import { UserTokens } from '../../../auth/user-tokens.ts';
import { OWN_IMAGE } from '../../../config/published-images.ts';
import type { ServerSecret } from '../../../sandboxes/storage/server-secret.ts';
import type { SessionRoom } from '../../../sessions/open-sessions.ts';
import type { Dialect } from '../../dialect.ts';
import { admitUser } from '../auth/credentials.ts';
import { authRoutes } from '../auth/routes.ts';
import { commonErrors, ERROR_EXAMPLES, renderError, statusOf } from '../errors.ts';
import { executionRoutes } from '../executions/routes.ts';
import { fileRoutes } from '../files/routes.ts';
import { TAGS } from '../operation.ts';
import { sandboxRoutes } from '../sandboxes/routes.ts';
import { sessionRoutes } from '../sessions/routes.ts';

/** What sessions say that they are made of where they name no image. */
const USUAL_IMAGE = 'python:3.11-slim';

interface CloudOptions {
  readonly apiKeys: readonly ApiKey[];
  /** What signs tokens; null for a key of the server's own. */
  readonly jwtSecret: string | null;
  readonly secret: ServerSecret;
  readonly clock: Clock;
  readonly image: string;
  /** The longest timeout of a call, in seconds. */
  readonly maxTimeoutSeconds: number;
  readonly room: SessionRoom;
}

/** The Cloud Sandbox API: users with tokens, who acquire sandboxes of the pool and work in sessions. */
export function cloudDialect(options: CloudOptions): Dialect {
  const { apiKeys, jwtSecret, secret, clock, image, maxTimeoutSeconds, room } = options;
  const key = jwtSecret === null ? secret.derive('user tokens') : Buffer.from(jwtSecret);
  const tokens = new UserTokens(key, apiKeys, clock);
  const { sessions, loans } = room;
  return {
    name: 'cloud',
    document: {
      title: 'Cloud Sandbox API',
      description: 'Users with tokens, who acquire sandboxes of the pool and work in sessions that can be paused.',
    },
    paths: ['/api/v1'],
    tags: TAGS,
    commonResponses: commonErrors,
    errorExamples: ERROR_EXAMPLES,
    renderError,
    statusOf,
    principalOf: (request, keys) => admitUser(request, keys, tokens),
    addressOf: () => null,
    openRoutes: async (app, { keys }) => authRoutes(app, { keys, tokens }),
    routes: async (app, core) => {
      await sessionRoutes(app, { sessions, usualImage: image === OWN_IMAGE ? USUAL_IMAGE : image });
      await sandboxRoutes(app, { ...core, loans });
      await executionRoutes(app, { ...core, loans, maxTimeoutSeconds });
      await fileRoutes(app, { ...core, loans });
    },
  };
}
