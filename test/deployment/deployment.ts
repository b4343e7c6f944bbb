import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { removeAll } from '../support/real-server.ts';
import { ensureCaddyImage, ensureNodeImage, ROOT } from './base-images.ts';
import { sendJson } from './https-client.ts';

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 540_000;
const START_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const ROOT_CERTIFICATE = '/data/caddy/pki/authorities/local/root.crt';

/** A network that no deployment on this machine has. */
const SUBNET = { SANDBOX_COMPOSE_SUBNET: '10.187.94.0/28', SANDBOX_CADDY_ADDRESS: '10.187.94.10' };

/** What docker-compose.yml makes with its production profile: the server, its disk service, and Caddy in front. */
export interface Deployment {
  readonly apiKey: string;
  /** The folder of the sandboxes, the same path on this machine and in the server's container. */
  readonly dataFolder: string;
  /** The port on this machine where Caddy answers over HTTPS. */
  readonly httpsPort: number;
  /** The certificate of Caddy's own authority, in PEM. */
  readonly authority: string;
  /** Removes every container, the network, the image and the folder; tries all of them and then throws the first error. */
  close(): Promise<void>;
}

/** Builds the server's image and starts the deployment with these settings; what was started is removed where a later step fails. */
export async function startDeployment(settings: Readonly<Record<string, string>>): Promise<Deployment> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = () => closeAll(cleanups);
  try {
    const dataFolder = await realpath(await mkdtemp(join(tmpdir(), 'clara-deployment-')));
    cleanups.push(() => removeAll(dataFolder));
    const apiKey = 'the key of the deployment test';
    const httpsPort = await freePort();
    const image = `clara-sandbox-api:test-${process.pid}`;
    const compose = await findCompose({
      ...process.env,
      ...SUBNET,
      ...settings,
      SANDBOX_API_KEY: apiKey,
      SANDBOX_DATA_DIR: dataFolder,
      SANDBOX_DOMAIN: 'localhost',
      SANDBOX_API_IMAGE: image,
      SANDBOX_API_PORT: String(await freePort()),
      SANDBOX_HTTP_PORT: String(await freePort()),
      SANDBOX_HTTPS_PORT: String(httpsPort),
      NODE_BASE_IMAGE: await ensureNodeImage(),
      CADDY_IMAGE: await ensureCaddyImage(),
    });
    cleanups.push(() => run('docker', ['image', 'rm', image]));
    cleanups.push(() => compose('down', '--volumes'));
    await compose('--profile', 'production', 'up', '--detach', '--build');
    const authority = await untilAnswered(() => compose('exec', '-T', 'caddy', 'cat', ROOT_CERTIFICATE));
    await untilAnswered(() => requireHealth(httpsPort, authority));
    return { apiKey, dataFolder, httpsPort, authority, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

type Compose = (...argv: string[]) => Promise<string>;

/** Compose for a project of its own, as Docker's plugin or as a program; its settings are those of .env.example, and this environment. */
async function findCompose(env: NodeJS.ProcessEnv): Promise<Compose> {
  const isPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  const [program, ...first] = isPlugin ? ['docker', 'compose'] : ['docker-compose'];
  const project = ['--project-name', `clara-deployment-${process.pid}`, '--env-file', '.env.example'];
  return async (...argv) => {
    const options = { cwd: ROOT, env, maxBuffer: MAX_OUTPUT_BYTES, timeout: BUILD_TIMEOUT_MS };
    return (await run(program ?? '', [...first, ...project, ...argv], options)).stdout;
  };
}

/** Asks again until it is answered; throws the last error where that takes longer than a start may. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise(setImmediate);
    }
  }
}

async function requireHealth(port: number, authority: string): Promise<void> {
  const { body } = await sendJson({ port, authority, path: '/health' });
  expect(body).toMatchObject({ status: 'healthy' });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function closeAll(cleanups: (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
    try {
      await cleanup();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
