import type { FastifyBaseLogger } from 'fastify';
import type { CoreEvent, CoreEvents } from './core-events.ts';

/** What the log says of an event; null for what it leaves to others. */
function toLine(event: CoreEvent): { readonly level: 'info' | 'warn' | 'debug'; readonly message: string } | null {
  switch (event.type) {
    case 'state':
      return { level: 'debug', message: 'sandbox changed its state' };
    case 'up':
      return { level: 'info', message: 'sandbox is up' };
    case 'start_failed':
      return { level: 'warn', message: 'sandbox could not be started' };
    case 'eviction':
      return { level: 'info', message: 'sandbox made room for another' };
    case 'heal':
      return { level: 'warn', message: 'sandbox was mended' };
    case 'kill':
      return { level: 'warn', message: 'sandbox was ended' };
    case 'end':
      return { level: 'info', message: 'life of the sandbox is over' };
    case 'main_restart':
      return { level: 'info', message: 'main process of the sandbox was started again' };
    case 'alert':
      return { level: 'warn', message: 'sandbox needs a look' };
    case 'leaving':
    case 'stays':
    case 'use':
    case 'run':
      // The request has its own line, with who asked and how it ended.
      return null;
  }
}

/** Writes a line for each event that no request's own line tells. */
export function logEvents(events: CoreEvents, logger: FastifyBaseLogger): void {
  events.subscribe((event) => {
    const line = toLine(event);
    if (!line) return;
    const { sandboxId: sandbox, type, ...data } = event;
    logger[line.level]({ event: type, sandbox, ...data }, line.message);
  });
}
