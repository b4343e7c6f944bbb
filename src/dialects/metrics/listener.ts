import { once } from 'node:events';
import { createServer } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../../config/config.ts';

/** Who has the text that Prometheus reads, and its media type. */
export interface MetricsSource {
  read(): Promise<{ readonly text: string; readonly type: string }>;
}

/** How long a reader may keep its connection without asking, in milliseconds. */
const IDLE_MS = 60_000;

/** Readers at the same time. */
const MAX_READERS = 16;

/** Has an address of its own answer `GET /metrics` without a key, and nothing else, for as long as the app lives. */
export function listenForMetrics(
  app: FastifyInstance,
  metrics: MetricsSource,
  address: { readonly host: string; readonly port: number },
): void {
  const server = createServer({ keepAliveTimeout: IDLE_MS, requestTimeout: IDLE_MS }, async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    try {
      const { text, type } = await metrics.read();
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text);
    } catch (error) {
      app.log.error({ err: error }, 'metrics could not be read');
      response.writeHead(500).end();
    }
  });
  server.maxConnections = MAX_READERS;
  app.addHook('onReady', async () => {
    server.listen(address.port, address.host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const where = `${address.host}:${address.port}`;
      throw new ConfigError(`SANDBOX_METRICS_ADDRESS is ${where}, where the server cannot listen.`, { cause });
    }
  });
  app.addHook('onClose', async () => {
    server.close();
    server.closeAllConnections();
  });
}
