import { createHash } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { systemClock } from '../../src/async/clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import { buildGateway } from '../../src/gateway/gateway.ts';

/** The key of a client of a gateway. */
export const BOT_KEY = 'key-of-the-bot-at-the-gateway';

/** The key of a client that is only for some users. */
export const CHAT_KEY = 'key-of-the-chat-at-the-gateway';

/** The gateway's own key at the other server. */
export const FAR_KEY = 'key-of-the-gateway-at-the-other-server';

/** The entry of a key. */
export function entryOf(name: string, key: string, settings = ''): string {
  return `${name}:sha256:${createHash('sha256').update(key).digest('hex')}${settings}`;
}

/** What the other server is started with, so that it believes the gateway. */
export const FAR_VARIABLES = { SANDBOX_API_KEYS: entryOf('gw', FAR_KEY, ';gateway') };

/** A gateway that listens. */
export interface TestGateway {
  readonly app: FastifyInstance;
  readonly url: string;
  /** Sends a request with the key of the bot, or with other headers. */
  call(
    method: string,
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

/** Starts a gateway in front of the server with this address, with two keys of its own unless `variables` say otherwise. */
export async function startGateway(
  farUrl: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const config = parseConfig({
    SANDBOX_MODE: 'remote',
    SANDBOX_API_URL: farUrl,
    SANDBOX_REMOTE_API_KEY: FAR_KEY,
    SANDBOX_API_KEYS: `${entryOf('bot', BOT_KEY)},${entryOf('chat', CHAT_KEY, ';prefix=chat-')}`,
    ...variables,
  });
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  const app = await buildGateway({ config, reason: null, clock: systemClock, logger, version: '0.0.0-test' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    app,
    url,
    call: (method, path, body, headers = { 'x-api-key': BOT_KEY }) =>
      app.inject({
        method: method as NonNullable<InjectOptions['method']>,
        url: path,
        headers,
        ...(body === undefined ? {} : { payload: body as object }),
      }),
    close: () => app.close(),
  };
}
