import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { userIdOf } from '../../../auth/principal.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import type { Session } from '../../../sessions/session.ts';
import type { Sessions } from '../../../sessions/sessions.ts';
import { principalOf } from '../../dialect.ts';
import { operation, SUCCESS, success, toRef } from '../operation.ts';
import { toSession } from './mapping.ts';
import * as schemas from './schemas.ts';

interface SessionRoutesOptions {
  readonly sessions: Sessions;
  /** The image of a session that names none. */
  readonly usualImage: string;
}

/** Cloud: sessions. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionRoutesOptions> = async (app, options) => {
  const { sessions, usualImage } = options;
  const show = (session: Session) => toSession(session, sessions.statusOf(session));
  const { params } = schemas;

  app.get(
    '/api/v1/sessions',
    operation('sessions', 'listSessions', 'The sessions of the user, oldest first', {
      response: { 200: schemas.sessionList },
    }),
    async (request) => ({ sessions: sessions.list(principalOf(request)).map(show) }),
  );

  app.post(
    '/api/v1/sessions',
    operation('sessions', 'createSession', 'Make a session', {
      body: schemas.createBody,
      response: { 201: schemas.session },
    }),
    async (request, reply) => {
      const { image, cpu_count: cpuCount, memory_mb: memoryMb, ttl, metadata } = request.body ?? {};
      const principal = principalOf(request);
      const made = await sessions.create(principal, {
        userId: userIdOf(principal),
        image: image || usualImage,
        cpuCount: cpuCount ?? 2,
        memoryMb: memoryMb ?? 2048,
        ttlMs: ttl ? ttl / 1e6 : null,
        metadata: metadata ?? null,
      });
      reply.code(201);
      return show(made);
    },
  );

  app.get(
    '/api/v1/sessions/:id',
    operation('sessions', 'getSession', 'One session', { params, response: { 200: schemas.session } }),
    async (request) => show(sessions.get(principalOf(request), request.params.id)),
  );

  app.delete(
    '/api/v1/sessions/:id',
    operation('sessions', 'deleteSession', 'End a session and destroy its sandbox', {
      params,
      response: { 200: success },
    }),
    async (request) => {
      await sessions.remove(principalOf(request), request.params.id);
      return SUCCESS;
    },
  );

  app.post(
    '/api/v1/sessions/:id/pause',
    operation('sessions', 'pauseSession', 'Freeze the sandbox of a session', {
      params,
      response: { 200: schemas.session },
    }),
    async (request) => show(await sessions.pause(principalOf(request), request.params.id)),
  );

  app.post(
    '/api/v1/sessions/:id/resume',
    operation('sessions', 'resumeSession', 'Let it go on, for a day', { params, response: { 200: schemas.session } }),
    async (request) => show(await sessions.resume(principalOf(request), request.params.id)),
  );

  app.post(
    '/api/v1/sessions/:id/touch',
    operation('sessions', 'touchSession', 'Say that a session is in use', { params, response: { 200: success } }),
    async (request) => {
      await sessions.touch(principalOf(request), request.params.id);
      return SUCCESS;
    },
  );

  app.post(
    '/api/v1/sessions/:id/bind',
    operation('sessions', 'bindSandbox', 'Give a session a sandbox that was acquired', {
      ...{ params, body: schemas.bindBody },
      response: { 200: success },
    }),
    async (request) => {
      const { address, principal } = toRef(request, request.body?.sandbox_id);
      await sessions.bind(principal, request.params.id, address.id);
      return SUCCESS;
    },
  );

  app.delete(
    '/api/v1/sessions/:id/bind',
    operation('sessions', 'unbindSandbox', 'Take the sandbox from a session; it stays acquired', {
      params,
      response: { 200: success },
    }),
    async (request) => {
      await sessions.unbind(principalOf(request), request.params.id);
      return SUCCESS;
    },
  );

  app.post(
    '/api/v1/sessions/:id/:action',
    {
      ...operation('sessions', 'actOnSession', 'What sessions do not do', {
        params: schemas.actionParams,
        response: {},
      }),
    },
    async (request) => {
      const { id, action } = request.params;
      sessions.get(principalOf(request), id);
      throw new HttpError(400, `Unknown action: ${action}. There are pause, resume, touch and bind.`);
    },
  );
};
