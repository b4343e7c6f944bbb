import type { FastifyInstance, RouteOptions } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import { scoped } from '../../../http/routing/scope.ts';
import type { Dialect } from '../../dialect.ts';
import { addressByPath } from '../../own-operations.ts';
import { configurationRoutes } from '../configuration/routes.ts';
import { commonErrors, ERROR_EXAMPLES, renderError, statusOf } from '../errors.ts';
import { executionRoutes } from '../executions/routes.ts';
import { networkVolumeRoutes } from '../files/network-volume-routes.ts';
import { fileRoutes } from '../files/routes.ts';
import { volumeRoutes } from '../files/volume-routes.ts';
import { resolveNames } from '../names.ts';
import { networkRoutes } from '../networks/routes.ts';
import { observationRoutes } from '../observations/routes.ts';
import { NAMESPACE, TAGS } from '../operation.ts';
import { pathRoutes } from '../ports/path-routes.ts';
import type { Limits } from '../sandboxes/limits.ts';
import { sandboxRoutes } from '../sandboxes/routes.ts';

/** Who started the published server as its README says has the second as its base URL. */
const PREFIXES = ['/api/v1', '/api/v1/api/v1'] as const;

interface ManagerOptions extends Limits {
  /** The longest timeout of a command, in seconds. */
  readonly maxTimeoutSeconds: number;
  /** Largest file that is answered as JSON, in bytes. */
  readonly bodyLimitBytes: number;
  readonly hosts: PreviewHosts;
  /** What URLs of this server begin with; null for what a request was sent to. */
  readonly publicUrl: string | null;
}

/** The Docker Sandbox Manager: sandboxes with a main process, many for one key. */
export function managerDialect(options: ManagerOptions): Dialect {
  const { maxTimeoutSeconds, bodyLimitBytes: jsonLimitBytes, maxMemoryBytes, maxCpus } = options;
  const urls = { hosts: options.hosts, publicUrl: options.publicUrl };
  const limits = { maxMemoryBytes, maxCpus };
  return {
    name: 'manager',
    document: {
      title: 'Docker Sandbox Manager',
      description: 'Sandboxes with a main process, volumes and ports, many for one key.',
    },
    paths: PREFIXES.flatMap((prefix) =>
      ['sandboxes', 'volumes', 'metrics', 'networks'].map((first) => `${prefix}/${first}`),
    ),
    tags: TAGS,
    commonResponses: commonErrors,
    errorExamples: ERROR_EXAMPLES,
    renderError,
    statusOf,
    principalOf: (request, keys) => keys.admit(request),
    addressOf: addressByPath(NAMESPACE),
    routes: async (app, core) => {
      resolveNames(app, core.listing);
      for (const prefix of PREFIXES) {
        const routes = scoped(`manager below ${prefix}`, async (plain: FastifyInstance) => {
          const scope = plain.withTypeProvider<ZodTypeProvider>();
          // Once is enough for the document.
          if (prefix !== PREFIXES[0]) scope.addHook('onRoute', (route) => hide(route));
          await sandboxRoutes(scope, { ...core, limits, urls });
          await executionRoutes(scope, { ...core, maxTimeoutSeconds });
          await configurationRoutes(scope, core);
          await fileRoutes(scope, core);
          // Scopes of their own, as they read bodies in their own way.
          await scope.register(scoped('manager ports', pathRoutes), core);
          await scope.register(scoped('manager volumes', volumeRoutes), { ...core, jsonLimitBytes });
          await networkVolumeRoutes(scope, core);
          await networkRoutes(scope, core);
          await observationRoutes(scope, core);
        });
        await app.register(routes, { prefix });
      }
    },
  };
}

function hide(route: RouteOptions): void {
  route.schema = { ...route.schema, hide: true };
}
