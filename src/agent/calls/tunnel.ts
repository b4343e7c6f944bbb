import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { createDeferred } from '../../async/deferred.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call } from './call.ts';
import { TunnelStream } from './tunnel-stream.ts';

const connectedEvent = z.object({ connected: z.literal(true) });

/**
 * Connects to a port of the sandbox's loopback, within ten seconds; destroying the stream ends the connection. AgentFailure `not_found`
 * where nothing listens, `denied` for a port of the agent's own.
 */
export function openTunnel(connection: AgentConnection, port: number): Promise<Duplex> {
  const left = new AbortController();
  const connected = createDeferred<Duplex>();
  const stream = new TunnelStream(() => left.abort());
  const listener = {
    onData: (_stream: number, payload: Buffer) => stream.receive(payload),
    onEnd: () => stream.receiveEnd(),
    onEvent: (event: unknown) => {
      if (connectedEvent.safeParse(event).success) connected.resolve(stream);
    },
  };
  const parameters = { host: 'localhost', port };
  const options = { signal: left.signal, deadlineMs: null };
  call(connection, 'tunnel', parameters, z.unknown(), options, listener, (channel) => stream.attach(channel)).then(
    () => {
      stream.receiveEnd();
      // Who has heard of the connection by now hears nothing of this.
      connected.reject(new AgentFailure('internal', 'The agent ended a connection without a word of it.'));
    },
    (error: Error) => {
      connected.reject(error);
      stream.destroy(error);
    },
  );
  return connected.promise;
}
