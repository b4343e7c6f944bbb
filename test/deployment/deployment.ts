import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RandomPortGenerator, type StartedDockerComposeEnvironment, Wait } from 'testcontainers';
import { removeAll } from '../support/real-server.ts';
import { ensureCaddyImage, ensureNodeImage } from './base-images.ts';
import { ownProject, PROJECT, removeLeftovers, removeProjects } from './compose-project.ts';

const START_TIMEOUT_MS = 300_000;
const HTTPS_PORT = 443;
const ROOT_CERTIFICATE = '/data/caddy/pki/authorities/local/root.crt';

/** What docker-compose.yml makes with its production profile: the server, its disk service, and Caddy in front. */
export interface Deployment {
  readonly apiKey: string;
  /** The folder of the sandboxes, the same path on this machine and in the server's container. */
  readonly dataFolder: string;
  /** The port on this machine where Caddy answers over HTTPS. */
  readonly httpsPort: number;
  /** The certificate of Caddy's own authority, in PEM. */
  readonly authority: string;
  /** The first line of a service's log in which `find` finds something, and what that is; waits for it. */
  firstInLog<T>(service: 'sandbox-api' | 'caddy', find: (line: string) => T | undefined): Promise<T>;
  /** Removes every container, the network, the volumes, the image and the folder; tries all of them and then throws the first error. */
  close(): Promise<void>;
}

/** Builds the server's image and starts the deployment with these settings; what was started is removed where a later step fails. */
export async function startDeployment(settings: Readonly<Record<string, string>>): Promise<Deployment> {
  await removeLeftovers();
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = () => closeAll(cleanups);
  try {
    const dataFolder = await realpath(await mkdtemp(join(tmpdir(), `${PROJECT}-`)));
    cleanups.push(() => removeAll(dataFolder));
    const apiKey = 'the key of the deployment test';
    const environment = {
      ...settings,
      ...(await ownVariables()),
      SANDBOX_API_KEY: apiKey,
      SANDBOX_DATA_DIR: dataFolder,
    };
    cleanups.push(() => removeProjects((pid) => pid === process.pid));
    const { compose, containerOf } = await ownProject();
    const isReady = Wait.forAll([
      Wait.forSuccessfulCommand(`test -s ${ROOT_CERTIFICATE}`),
      Wait.forHttp('/health', HTTPS_PORT)
        .usingTls()
        .allowInsecure()
        .forResponsePredicate((body) => body.includes('"status":"healthy"')),
    ]);
    const started = await compose
      .withBuild()
      .withEnvironment(environment)
      .withWaitStrategy(containerOf('sandbox-disks'), Wait.forHealthCheck())
      .withWaitStrategy(containerOf('sandbox-api'), Wait.forHealthCheck())
      .withWaitStrategy(containerOf('caddy'), isReady)
      .withStartupTimeout(START_TIMEOUT_MS)
      .up();
    cleanups.push(() => started.down({ removeVolumes: true }));
    const caddy = started.getContainer(containerOf('caddy'));
    const { output: authority } = await caddy.exec(['cat', ROOT_CERTIFICATE]);
    const httpsPort = caddy.getMappedPort(HTTPS_PORT);
    const firstInLog: Deployment['firstInLog'] = (service, find) => searchLog(started, containerOf(service), find);
    return { apiKey, dataFolder, httpsPort, authority, firstInLog, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** What no other deployment on this machine has or may have, and the images to build and run with. */
async function ownVariables(): Promise<Record<string, string>> {
  const ports = new RandomPortGenerator();
  // A sixteenth of a network for each of 4,096 processes.
  const place = process.pid % 4096;
  const network = `10.187.${Math.floor(place / 16)}`;
  const first = (place % 16) * 16;
  return {
    SANDBOX_COMPOSE_SUBNET: `${network}.${first}/28`,
    SANDBOX_CADDY_ADDRESS: `${network}.${first + 10}`,
    SANDBOX_DOMAIN: 'localhost',
    SANDBOX_API_IMAGE: `${PROJECT}:latest`,
    SANDBOX_API_PORT: String(await ports.generatePort()),
    SANDBOX_HTTP_PORT: String(await ports.generatePort()),
    SANDBOX_HTTPS_PORT: String(await ports.generatePort()),
    NODE_BASE_IMAGE: await ensureNodeImage(),
    CADDY_IMAGE: await ensureCaddyImage(),
  };
}

async function searchLog<T>(
  started: StartedDockerComposeEnvironment,
  container: string,
  find: (line: string) => T | undefined,
): Promise<T> {
  const log = await started.getContainer(container).logs();
  try {
    for await (const line of createInterface({ input: log })) {
      const found = find(line);
      if (found !== undefined) return found;
    }
  } finally {
    log.destroy();
  }
  throw new Error(`The log of ${container} ended without the line.`);
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
