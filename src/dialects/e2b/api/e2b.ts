/*
 * How it is built: clients speak with one address, on which each request is in one of four planes, told before routing (`planes.ts`):
 * the control plane, or a port of a sandbox that headers, a signature, a token or the host name: 49983 is `envd/`, 49999 `interpreter/`, all
 * others `ports/`. Requests to a port pass `admission.ts`, which finds the sandbox by its id and checks the tokens that its terms ask for;
 * their routes find it in `visitOf(request)`, with the `ref` for all calls to the core, and say by `config.e2b` what they need.
 * Connections whose answers are under way when a sandbox is paused or ends are cut by `open-answers.ts`.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock } from '../../../async/clock.ts';
import type { SandboxAddress } from '../../../base/sandbox-address.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import { scoped } from '../../../http/routing/scope.ts';
import type { CoreEvents } from '../../../observability/core-events.ts';
import type { Core, Dialect } from '../../dialect.ts';
import { SandboxAdmission } from '../admission.ts';
import { admitUnknown, admitVisits } from '../admit-visits.ts';
import { envdRoutes } from '../envd/api/routes.ts';
import { commonErrors, ERROR_EXAMPLES, renderError, statusOf } from '../errors.ts';
import { interpreterRoutes } from '../interpreter/routes.ts';
import { requireForm, showsE2bKey } from '../key-form.ts';
import { OpenAnswers } from '../open-answers.ts';
import { NAMESPACE, TAGS } from '../operation.ts';
import { PLANES, type Plane } from '../planes.ts';
import { portRoutes } from '../ports/routes.ts';
import { forkRoutes } from '../sandboxes/fork-routes.ts';
import { lifeRoutes } from '../sandboxes/life-routes.ts';
import { listRoutes } from '../sandboxes/list-routes.ts';
import { metricsRoutes } from '../sandboxes/metrics-routes.ts';
import { networkRoutes } from '../sandboxes/network-routes.ts';
import { type ControlOptions, sandboxRoutes } from '../sandboxes/routes.ts';
import { snapshotRoutes } from '../snapshots/routes.ts';
import { templateRoutes } from '../templates/routes.ts';
import { type TemplateSettings, Templates } from '../templates/templates.ts';
import type { Access } from '../visit.ts';

interface E2bOptions extends Omit<ControlOptions, 'templates'> {
  readonly templates: TemplateSettings;
  readonly hosts: PreviewHosts;
  readonly events: CoreEvents;
  readonly clock: Clock;
}

/** Where the dialect is whatever the form of a key. */
const PREFIX = '/e2b';

/** E2B's API: sandboxes by id with an end that is set, and what their official clients reach inside of them. */
export function e2bDialects(options: E2bOptions): readonly Dialect[] {
  const answers = new OpenAnswers(options.events, options.clock);
  const templates = new Templates(options.templates);
  const admissionOf = (core: Core & { readonly keys: KeyCheck }) =>
    new SandboxAdmission({ ...core, ...options, answers });
  const plane = (
    name: Plane,
    routes: FastifyPluginAsyncZod<Core & { readonly keys: KeyCheck }>,
    /** What is needed to hear that something is no route; null where all paths are one. */
    unknown: Access | null,
  ): Dialect => ({
    ...shared,
    name,
    isChosen: true,
    openRoutes: async (app, core) => {
      const opened = scoped(name, async (scope: FastifyInstance) => {
        admitVisits(scope, admissionOf(core));
        await routes(scope.withTypeProvider(), core);
        if (unknown) admitUnknown(scope, unknown);
      });
      await app.register(opened);
      if (unknown) await app.register(opened, { prefix: PREFIX });
    },
    routes: async () => undefined,
  });
  return [
    {
      ...shared,
      name: PLANES.control,
      document: { title: 'E2B API', description: 'Sandboxes by id with an end that is set, for E2B’s own SDKs.' },
      isChosen: true,
      tags: TAGS,
      commonResponses: commonErrors,
      errorExamples: ERROR_EXAMPLES,
      principalOf: (request, keys) => {
        const principal = keys.admit(request);
        requireForm(request.url, showsE2bKey(request.headers));
        return principal;
      },
      openRoutes: async (app) => {
        app.get(`${PREFIX}/health`, { schema: { hide: true } }, async (_request, reply) => reply.code(204).send());
      },
      routes: async (app, core) => {
        const routes: FastifyPluginAsync = async (scope) => {
          const typed = scope.withTypeProvider<ZodTypeProvider>();
          const control = { ...core, ...options, templates };
          await sandboxRoutes(typed, control);
          await lifeRoutes(typed, control);
          await forkRoutes(typed, control);
          await snapshotRoutes(typed, control);
          await templateRoutes(typed, control);
          await listRoutes(typed, core);
          await networkRoutes(typed, core);
          await metricsRoutes(typed, core);
        };
        await app.register(scoped('e2b below its prefix', routes), { prefix: PREFIX });
        await app.register(scoped('e2b by the key', hidden(routes)));
      },
    },
    plane(PLANES.envd, envdRoutes, {}),
    { ...plane(PLANES.interpreter, interpreterRoutes, { needs: 'nothing' }), hasTextErrors: true },
    plane(PLANES.port, portRoutes, null),
  ];
}

const shared = {
  paths: [PREFIX],
  tags: [],
  commonResponses: {},
  renderError,
  statusOf,
  principalOf: (request: FastifyRequest, keys: KeyCheck) => keys.admit(request),
  addressOf,
};

/** The same routes, which a document has already. */
function hidden(routes: FastifyPluginAsync): FastifyPluginAsync {
  return async (scope, options) => {
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    await routes(scope, options);
  };
}

function addressOf({ visit, params }: FastifyRequest): SandboxAddress | null {
  if (visit) return visit.ref.address;
  if (typeof params !== 'object' || params === null || !('sandboxID' in params)) return null;
  return typeof params.sandboxID === 'string' ? { namespace: NAMESPACE, id: params.sandboxID } : null;
}
