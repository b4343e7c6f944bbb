import type { Clock } from '../../../async/clock.ts';
import type { UrlSigner } from '../../../auth/url-signer.ts';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import type { Dialect } from '../../dialect.ts';
import { requireKnownOrigin } from '../admission.ts';
import { renderError, statusOf } from '../errors.ts';
import { Links } from '../links.ts';
import { type McpRouteOptions, mcpRoutes } from '../routes.ts';
import { serving } from '../serving.ts';
import { allTools } from './tools.ts';

interface McpOptions {
  readonly signer: UrlSigner;
  readonly clock: Clock;
  readonly hosts: PreviewHosts;
  readonly publicUrl: string | null;
  readonly domain: string;
  readonly corsOrigins: readonly string[];
  /** Where the server listens. */
  readonly port: number;
  /** The longest timeout of a tool, in seconds. */
  readonly maxTimeoutSeconds: number;
}

/** The Model Context Protocol: tools for assistants, whose sandboxes are those of the native dialect. */
export function mcpDialect(
  options: McpOptions,
  at: { readonly path?: string; readonly serve?: McpRouteOptions['serve'] } = {},
): Dialect {
  const { path = '/mcp', serve } = at;
  const { publicUrl, maxTimeoutSeconds } = options;
  return {
    name: 'mcp',
    paths: [path],
    isChosen: true,
    tags: [],
    commonResponses: {},
    renderError,
    statusOf,
    principalOf: (request, keys) => keys.admit(request),
    addressOf: () => null,
    routes: async (app, core) => {
      const tools = () => allTools(new Links(options), maxTimeoutSeconds);
      const { version } = core.info;
      await mcpRoutes(app, {
        ...core,
        path,
        publicUrl,
        serve: serve ?? ((parts) => serving({ ...parts, version, tools: tools() })),
        requireKnownOrigin: (request) => requireKnownOrigin(request, options),
      });
    },
  };
}
