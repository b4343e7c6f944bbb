import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isSandboxError } from '../../../base/errors.ts';
import type { Context } from '../../../contexts/context.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { Core } from '../../dialect.ts';
import { resolvePath } from '../envd/paths.ts';
import { visitOf } from '../visit.ts';
import { defaultContextOf, HOME, LISTED, languageOfDefault } from './defaults.ts';
import { findLanguage } from './languages.ts';
import { answerExecution } from './running.ts';
import * as schemas from './schemas.ts';
import { sendText } from './text.ts';

/** Bytes of an id, which opens a context to who knows it: nobody guesses that many. */
const ID_BYTES = 16;

/** E2B: what answers on port 49999 of a sandbox, its interpreter. */
export const interpreterRoutes: FastifyPluginAsyncZod<Core> = async (app, core) => {
  const { contexts, sandboxes, clock } = core;
  const open = { config: { e2b: { needs: 'nothing' } } } as const;
  const hidden = { hide: true };

  app.get('/health', { ...open, schema: hidden }, async (_request, reply) => sendJson(reply, 'OK'));

  app.post('/execute', { schema: { ...hidden, body: schemas.executeBody } }, async (request, reply) =>
    answerExecution(request, reply, { ref: visitOf(request).ref, contexts, sandboxes, clock }, request.body),
  );

  app.post('/contexts', { ...open, schema: { ...hidden, body: schemas.contextBody } }, async (request, reply) => {
    const { language: name, cwd } = request.body;
    const found = findLanguage(name || 'python');
    if ('refusal' in found) return sendText(reply, 500, found.refusal);
    const asked = {
      id: randomBytes(ID_BYTES).toString('hex'),
      language: found.language,
      cwd: resolvePath(cwd ?? '', { home: HOME }),
      env: undefined,
      name: null,
    };
    try {
      const { context } = await contexts.make(visitOf(request).ref, { ...asked, isRich: true });
      return await reply.send(toInfo(context));
    } catch (error) {
      if (!isSandboxError(error, 'invalid')) throw error;
      return sendText(reply, 500, error.message);
    }
  });

  app.get('/contexts', { ...open, schema: hidden, exposeHeadRoute: false }, async (request) =>
    listContexts(visitOf(request).ref),
  );

  app.post(
    '/contexts/:id/restart',
    { ...open, schema: { ...hidden, params: schemas.contextParams } },
    async (request, reply) =>
      change(reply, request.params.id, () => contexts.restart(visitOf(request).ref, request.params.id)),
  );

  app.delete(
    '/contexts/:id',
    { ...open, schema: { ...hidden, params: schemas.contextParams } },
    async (request, reply) =>
      change(reply, request.params.id, () => contexts.remove(visitOf(request).ref, request.params.id)),
  );

  /** Those of languages that are there before anybody uses them come first, then all others as they were made. */
  const listContexts = async (ref: SandboxRef) => {
    const listed = LISTED.map((language) => ({ id: defaultContextOf(language), language, cwd: HOME }));
    const ids = new Set(['default', ...listed.map(({ id }) => id)]);
    const others = (await contexts.list(ref)).filter(({ id }) => !ids.has(id));
    return [...listed, ...others.map(toInfo)];
  };

  /** Does something to a context; that of a language that nobody has used yet is as it is to be. */
  const change = async (reply: FastifyReply, id: string, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
      if (languageOfDefault(id) === null) return sendText(reply, 404, `Context ${id} not found`);
    }
    return sendJson(reply, null);
  };
};

/** Answers with JSON that is no object, which would else be text. */
function sendJson(reply: FastifyReply, value: string | null): FastifyReply {
  return reply.type('application/json').serializer(JSON.stringify).send(value);
}

function toInfo({ id, language, cwd }: Pick<Context, 'id' | 'language' | 'cwd'>) {
  return { id, language, cwd };
}
