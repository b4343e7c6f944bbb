import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type FastifyBaseLogger, fastify } from 'fastify';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadSettings } from '../../src/config/config.ts';
import { listen } from '../../src/listen.ts';

describe('an address to listen on', () => {
  it.each(['999.1.1.1', '192.0.2.1', 'no such host'])(
    'that this machine does not have, as %s, is told by its variable',
    async (host) => {
      const app = fastify();
      let isClosed = false;
      app.addHook('onClose', async () => {
        isClosed = true;
      });
      const attempt = listen(app, { host, port: 0, publishAddress: null });
      await expect(attempt).rejects.toThrow(ConfigError);
      await expect(attempt).rejects.toThrow(`SANDBOX_API_HOST is ${host}, `);
      expect(isClosed).toBe(true);
    },
  );

  it('with a port that another program has is told by its variable', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(listen(fastify(), { host: '127.0.0.1', port, publishAddress: null })).rejects.toThrow(
      `SANDBOX_API_PORT is ${port}, `,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('that is free is listened on', async () => {
    const app = fastify();
    await listen(app, { host: '127.0.0.1', port: 0, publishAddress: null });
    expect(app.server.listening).toBe(true);
    await app.close();
  });
});

describe('plain HTTP', () => {
  async function warnings(host: string, publishAddress: string | null = null): Promise<string> {
    let text = '';
    const log = new Writable({
      write(chunk, _, done) {
        text += chunk;
        done();
      },
    });
    const loggerInstance: FastifyBaseLogger = pino({ level: 'warn' }, log);
    const app = fastify({ loggerInstance });
    await listen(app, { host, port: 0, publishAddress });
    await app.close();
    return text;
  }

  it('that other machines reach is told, with both ways to close it', async () => {
    const text = await warnings('0.0.0.0');
    expect(text).toMatch(/Keys and data travel in clear: .* at 0\.0\.0\.0 port \d+\./);
    expect(text).toContain('SANDBOX_API_HOST=127.0.0.1');
    expect(text).toContain('production profile of docker-compose.yml');
  });

  it.each(['127.0.0.1', '127.8.8.8', 'localhost'])('on the loopback, as %s, is not', async (host) => {
    expect(await warnings(host)).toBe('');
  });

  it.each(['127.0.0.1', 'localhost', '::1'])('in a container whose port is published at %s is not', async (address) => {
    expect(await warnings('0.0.0.0', address)).toBe('');
  });

  it('in a container whose port is published for other machines is told', async () => {
    const text = await warnings('0.0.0.0', '0.0.0.0');
    expect(text).toContain('SANDBOX_PUBLISH_ADDRESS=0.0.0.0');
    expect(text).toContain('docker compose --profile production up -d');
  });
});

describe('where the port is published', () => {
  it('is what the environment says, not what .env has for Compose', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clara-publish-'));
    const key = { SANDBOX_API_KEY: 'a-long-enough-key' };
    try {
      writeFileSync(join(folder, '.env'), 'SANDBOX_PUBLISH_ADDRESS=127.0.0.1\n');
      expect(loadSettings(folder, key).configFor('docker').publishAddress).toBeNull();
      expect(
        loadSettings(folder, { ...key, SANDBOX_PUBLISH_ADDRESS: '0.0.0.0' }).configFor('docker').publishAddress,
      ).toBe('0.0.0.0');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is passed on by docker-compose.yml, with the default that it publishes at', () => {
    const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
    expect(compose).toMatch(/- "\$\{SANDBOX_PUBLISH_ADDRESS:-127\.0\.0\.1\}:/);
    expect(compose).toMatch(/SANDBOX_PUBLISH_ADDRESS: \$\{SANDBOX_PUBLISH_ADDRESS:-127\.0\.0\.1\}\n/);
  });
});
