import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';

/** One line for each answer, with the route's pattern: no ids of users and no query, which may hold secrets. */
export class AccessLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const line = {
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 100) / 100,
    };
    if (error) request.log.warn({ ...line, err: error }, 'not answered');
    else request.log.info(line, 'answered');
  }
}
