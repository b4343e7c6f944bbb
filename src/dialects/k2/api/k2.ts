import type { Dialect } from '../../dialect.ts';
import { addressByPath } from '../../own-operations.ts';
import { commonErrors, ERROR_EXAMPLES, renderError, statusOf } from '../errors.ts';
import { executionRoutes } from '../executions/routes.ts';
import { fileRoutes } from '../files/routes.ts';
import { NAMESPACE, TAGS } from '../operation.ts';
import { sandboxRoutes } from '../sandboxes/routes.ts';

/** What the routes need of the server's configuration. */
interface K2Options {
  /** The longest timeout of a call, in seconds. */
  readonly maxTimeoutSeconds: number;
  /** Largest file that is answered as JSON, in bytes. */
  readonly bodyLimitBytes: number;
}

/** The K2 Sandbox API: many sandboxes for one key, each with an id of ours. */
export function k2Dialect({ maxTimeoutSeconds, bodyLimitBytes: jsonLimitBytes }: K2Options): Dialect {
  return {
    name: 'k2',
    document: {
      title: 'K2 Sandbox API',
      description: 'Sandboxes by id, many for one key, with code whose variables live on from call to call.',
    },
    paths: ['/sandboxes'],
    tags: TAGS,
    commonResponses: commonErrors,
    errorExamples: ERROR_EXAMPLES,
    renderError,
    statusOf,
    principalOf: (request, keys) => keys.admit(request),
    addressOf: addressByPath(NAMESPACE),
    routes: async (app, core) => {
      await sandboxRoutes(app, core);
      await executionRoutes(app, { ...core, maxTimeoutSeconds });
      await fileRoutes(app, { ...core, jsonLimitBytes });
    },
  };
}
