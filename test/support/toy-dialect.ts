import { type Dialect, refOf } from '../../src/dialects/dialect.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../../src/sandboxes/asked/life-policy.ts';

/** A whole API in thirty lines: boxes by number, owned by whoever makes them. */
export function toyDialect(lifeOf: () => LifePolicy = () => DEFAULT_LIFE): Dialect {
  return {
    name: 'toy',
    document: { title: 'Toy', description: 'Boxes by number.' },
    tags: [{ name: 'boxes', description: 'Boxes of the toy' }],
    commonResponses: {},
    renderError: ({ status, message }) => ({ oops: message, status }),
    principalOf: (request, keys) => keys.admit(request),
    addressOf: ({ params }) => {
      const { box } = params as { box?: string };
      return box === undefined ? null : { namespace: 'toy', id: box };
    },
    routes: async (app, { sandboxes, processes }) => {
      app.post('/toy/:box', async (request) => (await sandboxes.create(refOf(request), {}, lifeOf())).state);
      app.get('/toy/:box', async (request) => (await sandboxes.status(refOf(request))).state);
      app.post('/toy/:box/run', async (request) => {
        const program = { program: 'shell', source: String(request.body) } as const;
        const options = { timeoutSeconds: 5, answerByMs: performance.now() + 10_000 };
        return (await processes.run(refOf(request), program, options)).stdout;
      });
      app.get('/toys', { config: { isAboutNoUser: true } }, async (request) => {
        const { entries, next } = await sandboxes.list((entry) => entry.createdBy === request.principal?.name, 2);
        return { ids: entries.map(({ address }) => address.id).sort(), next };
      });
    },
  };
}
