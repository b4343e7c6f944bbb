import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock } from '../async/clock.ts';
import type { Principal } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import type { SandboxAddress } from '../base/sandbox-address.ts';
import type { Builds } from '../builds/builds.ts';
import type { Contexts } from '../contexts/contexts.ts';
import type { LanguageContexts } from '../contexts/language-contexts.ts';
import type { FileTree } from '../files/file-tree.ts';
import type { Files } from '../files/files.ts';
import type { KeyCheck } from '../http/auth/key-check.ts';
import type { HttpProblem } from '../http/errors/errors.ts';
import { type ApiTag, documentErrors } from '../http/openapi.ts';
import { DIALECT } from '../http/routing/dialect-constraint.ts';
import { scoped } from '../http/routing/scope.ts';
import type { StreamDocument } from '../http/streams/documents.ts';
import type { Ports } from '../ports/ports.ts';
import type { MainProcesses } from '../processes/main/main-processes.ts';
import type { Processes } from '../processes/processes.ts';
import type { Alerts } from '../sandboxes/alerts/alerts.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Checkpoints } from '../sandboxes/checkpoints/checkpoints.ts';
import type { Forks } from '../sandboxes/checkpoints/forks.ts';
import type { Restoring } from '../sandboxes/checkpoints/restoring.ts';
import type { Devices } from '../sandboxes/devices.ts';
import type { Images } from '../sandboxes/images.ts';
import type { Info } from '../sandboxes/info.ts';
import type { Listing } from '../sandboxes/listing.ts';
import type { Networks } from '../sandboxes/networks.ts';
import type { SandboxLogs } from '../sandboxes/sandbox-logs.ts';
import type { SandboxNames } from '../sandboxes/sandbox-names.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import type { Secrets } from '../sandboxes/secrets.ts';
import type { Settings } from '../sandboxes/settings.ts';
import type { Snapshots } from '../sandboxes/snapshots.ts';
import type { Tenancies } from '../sandboxes/tenancies.ts';
import type { UsageReporter } from '../sandboxes/usage-report.ts';
import type { Volumes } from '../sandboxes/volumes/volumes.ts';

/** What a dialect gets of the core. */
export interface Core {
  readonly sandboxes: Sandboxes;
  readonly listing: Listing;
  readonly names: SandboxNames;
  readonly settings: Settings;
  readonly tenancies: Tenancies;
  readonly images: Images;
  readonly builds: Builds;
  readonly devices: Devices;
  readonly usage: UsageReporter;
  readonly checkpoints: Checkpoints;
  readonly restoring: Restoring;
  readonly forks: Forks;
  readonly snapshots: Snapshots;
  readonly secrets: Secrets;
  readonly processes: Processes;
  readonly mains: MainProcesses;
  readonly logs: SandboxLogs;
  readonly alerts: Alerts;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly contexts: Contexts;
  readonly languageContexts: LanguageContexts;
  readonly files: Files;
  readonly tree: FileTree;
  readonly ports: Ports;
  readonly info: Info;
  readonly clock: Clock;
}

/** One HTTP API over the core: a thin translation without rules of its own. */
export interface Dialect {
  readonly name: string;
  /** What its OpenAPI document says of it; where absent, its routes are in that of the native dialect. */
  readonly document?: { readonly title: string; readonly description: string };
  /** What its paths begin with: where none of its routes is, its errors are all the same. */
  readonly paths?: readonly string[];
  /** True where a request is in it by another reason than its path, so that its routes have paths which others have too. */
  readonly isChosen?: boolean;
  /** The sections of its operations in the OpenAPI document. */
  readonly tags: readonly ApiTag[];
  /** What any of its routes that need a key may answer beside its own, by status. */
  readonly commonResponses: Readonly<Record<number, unknown>>;
  /** A sentence that an error of each status may have, for the OpenAPI document. */
  readonly errorExamples?: Readonly<Record<number, string>>;
  /** What its operations answer as events, by their ids, for the OpenAPI document. */
  readonly streams?: Readonly<Record<string, StreamDocument>>;
  /** The body of an error, where its clients read it. */
  renderError(problem: HttpProblem): Record<string, unknown>;
  /** True where its clients read errors as plain text: the `message` of the body alone is sent. */
  readonly hasTextErrors?: boolean;
  /** The status of an error where its clients expect another than that of its kind. */
  statusOf?(problem: HttpProblem): number | undefined;
  /** Who asks; throws `unauthorized` or `too_many`. */
  principalOf(request: FastifyRequest, keys: KeyCheck): Principal | Promise<Principal>;
  /** The sandbox that a request is about; null for a request about none. Its parts are not validated yet. */
  addressOf(request: FastifyRequest): SandboxAddress | null;
  /** Routes for everybody, which may look at keys themselves. */
  readonly openRoutes?: FastifyPluginAsyncZod<Core & { readonly keys: KeyCheck }>;
  /** Routes that need a key. */
  readonly routes: FastifyPluginAsyncZod<Core>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The sandbox that the request is about, and who asks; null on routes about none. */
    ref: SandboxRef | null;
  }
}

/** Adds the routes of a dialect, closed to all who show no key but for the open ones. */
export async function registerDialect(
  app: FastifyInstance,
  dialect: Dialect,
  core: Core,
  keys: KeyCheck,
): Promise<void> {
  const open = scoped(dialect.name, async (scope: FastifyInstance) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, dialect };
      if (dialect.isChosen) route.constraints = { ...route.constraints, [DIALECT]: dialect.name };
    });
    if (dialect.openRoutes) await dialect.openRoutes(scope.withTypeProvider<ZodTypeProvider>(), { ...core, keys });
    await scope.register(secured);
  });
  const secured = scoped(`${dialect.name} secured`, async (scope: FastifyInstance) => {
    documentErrors(scope, dialect.commonResponses);
    keys.guard(scope, dialect);
    scope.decorateRequest('ref', null);
    scope.addHook('onRequest', (request, _reply, done) => {
      const address = dialect.addressOf(request);
      request.ref = address && request.principal && { address, principal: request.principal };
      request.about = address;
      done();
    });
    await dialect.routes(scope.withTypeProvider<ZodTypeProvider>(), core);
  });
  await app.register(open);
}

/** Who asks, on a route that needs a key. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new SandboxError('internal', 'Nobody knows who asks.');
  return principal;
}

/** The sandbox that a request is about, and who asks. */
export function refOf({ ref }: FastifyRequest): SandboxRef {
  if (ref === null) throw new SandboxError('internal', 'The request is about no sandbox.');
  return ref;
}
