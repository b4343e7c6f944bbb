import { type AddressInfo, createServer } from 'node:net';
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config.ts';
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
      const attempt = listen(app, { host, port: 0 });
      await expect(attempt).rejects.toThrow(ConfigError);
      await expect(attempt).rejects.toThrow(`SANDBOX_API_HOST is ${host}, `);
      expect(isClosed).toBe(true);
    },
  );

  it('with a port that another program has is told by its variable', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(listen(fastify(), { host: '127.0.0.1', port })).rejects.toThrow(`SANDBOX_API_PORT is ${port}, `);
    await new Promise((resolve) => other.close(resolve));
  });

  it('that is free is listened on', async () => {
    const app = fastify();
    await listen(app, { host: '127.0.0.1', port: 0 });
    expect(app.server.listening).toBe(true);
    await app.close();
  });
});
