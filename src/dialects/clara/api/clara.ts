import type { FastifyRequest } from 'fastify';
import { type SandboxId, toSandboxId } from '../../../base/sandbox-address.ts';
import { signerOf } from '../../../http/auth/signed-urls.ts';
import { keepFirstAnswers } from '../../../http/idempotency/first-answers.ts';
import { scoped } from '../../../http/routing/scope.ts';
import type { FirstAnswers } from '../../../idempotency/first-answers.ts';
import { SHARED_NAMESPACE } from '../../../sandboxes/asked/ref.ts';
import type { Dialect } from '../../dialect.ts';
import { checkpointRoutes } from '../checkpoints/routes.ts';
import { contextRoutes } from '../contexts/routes.ts';
import { commonErrors, ERROR_EXAMPLES, renderError } from '../errors.ts';
import { executionRoutes } from '../executions/routes.ts';
import { fileRoutes } from '../files/routes.ts';
import { treeRoutes } from '../fs/routes.ts';
import { watchStream } from '../fs/watch-schemas.ts';
import { TAGS } from '../operation.ts';
import { namePaths } from '../path-errors.ts';
import { certificateRoute } from '../ports/certificate-route.ts';
import { hostRoutes } from '../ports/host-routes.ts';
import { pathRoutes } from '../ports/path-routes.ts';
import { type PortOptions, portRoutes } from '../ports/routes.ts';
import { cellStream, codeStream, commandStream, installStream, processStream } from '../processes/event-schemas.ts';
import { processRoutes } from '../processes/routes.ts';
import { sandboxRoutes } from '../sandboxes/routes.ts';
import { usageStream } from '../sandboxes/state-schemas.ts';
import { secretRoutes } from '../secrets/routes.ts';
import { healthRoute, infoRoute } from '../service/routes.ts';
import { admitSignatures, signatureRoutes } from '../signatures/routes.ts';
import { transferRoutes } from '../transfers/routes.ts';

interface ClaraOptions extends PortOptions {
  /** Largest file that is answered as JSON, in bytes. */
  readonly jsonLimitBytes: number;
  /** The longest timeout of a stream or process, in seconds. */
  readonly maxTimeoutSeconds: number;
  /** True if an `execute` that names no context uses the default one. */
  readonly isExecuteStateful: boolean;
  /** What requests with an Idempotency-Key were answered. */
  readonly answers: FirstAnswers;
}

/** The native dialect: one sandbox for each user, named by the user's id. */
export function claraDialect(options: ClaraOptions): Dialect {
  const { jsonLimitBytes, maxTimeoutSeconds, isExecuteStateful, answers, signer, clock } = options;
  const { publicUrl, hosts, port } = options;
  const portOptions = { signer, clock, publicUrl, hosts, port };
  return {
    name: 'clara',
    document: {
      title: 'Clara Sandbox',
      description: 'A computer in a container for every user of a chat bot or an AI agent.',
    },
    tags: TAGS,
    commonResponses: commonErrors,
    errorExamples: ERROR_EXAMPLES,
    streams: {
      executeCode: codeStream,
      runShell: commandStream,
      installPackage: installStream,
      executeInContext: cellStream,
      readEvents: processStream,
      watchFolder: watchStream,
      getUsage: usageStream,
    },
    renderError,
    principalOf: (request, keys) => signerOf(request, keys, signer, clock) ?? keys.admit(request),
    addressOf,
    openRoutes: async (app, core) => {
      await healthRoute(app, core);
      await certificateRoute(app, { ...core, hosts, clock });
      await app.register(scoped('ports by path', pathRoutes), { ...core, ...portOptions });
      await app.register(scoped('ports by host', hostRoutes), { ...core, ...portOptions });
    },
    routes: async (app, core) => {
      namePaths(app);
      admitSignatures(app, core);
      keepFirstAnswers(app, { answers, sandboxIdOf });
      // Only those with a parser or a hook of their own get a scope of their own, which costs a start some milliseconds.
      await infoRoute(app, core);
      await sandboxRoutes(app, core);
      await executionRoutes(app, { ...core, maxTimeoutSeconds, isExecuteStateful });
      await processRoutes(app, { ...core, maxTimeoutSeconds });
      await treeRoutes(app, core);
      await contextRoutes(app, { ...core, maxTimeoutSeconds });
      await fileRoutes(app, { ...core, jsonLimitBytes });
      await app.register(scoped('transfers', transferRoutes), core);
      await checkpointRoutes(app, core);
      await secretRoutes(app, core);
      await signatureRoutes(app, { ...core, ...portOptions });
      await portRoutes(app, { ...core, ...portOptions });
    },
  };
}

function sandboxIdOf(request: FastifyRequest): SandboxId | null {
  const address = addressOf(request);
  return address && toSandboxId(address);
}

function addressOf({ params }: FastifyRequest): { namespace: string; id: string } | null {
  if (typeof params !== 'object' || params === null || !('user_id' in params)) return null;
  return typeof params.user_id === 'string' ? { namespace: SHARED_NAMESPACE, id: params.user_id } : null;
}
