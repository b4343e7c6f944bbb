import type { FastifyInstance } from 'fastify';

/** How a server that closes treats the calls that are under way; times in milliseconds. */
export interface ClosingLimits {
  /** How long they may go on. */
  readonly callsMs: number;
  /** How long their answers may then take to leave, before their connections end. */
  readonly answersMs: number;
}

/** How long a close waits, unless a test says otherwise. */
export const CLOSING_LIMITS: ClosingLimits = { callsMs: 15_000, answersMs: 1_500 };

/** Gives the calls that are under way at a close their time; `endCalls` makes those that are left answer at once. */
export function limitLastCalls(app: FastifyInstance, limits: ClosingLimits, endCalls: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    timer = setTimeout(() => {
      endCalls();
      timer = setTimeout(() => app.server.closeAllConnections(), limits.answersMs);
    }, limits.callsMs);
  });
  app.addHook('onResponse', (_request, _reply, done) => {
    // A connection that is kept alive would hold the close up.
    if (timer) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}
