import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { z } from 'zod';
import { ensureCaddyImage, ensureNodeImage, ROOT } from './base-images.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
const DOMAIN = 'localhost';
const PREDEFINED_NETWORKS = ['bridge', 'host', 'none'];
const ROOT_CERTIFICATE = '/data/caddy/pki/authorities/local/root.crt';

const networksSchema = z.tuple([z.object({ IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string() })) }) })]);

const containersSchema = z.array(
  z.object({
    Mounts: z.array(z.object({ Source: z.string() })),
    NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }),
  }),
);

/** The server and Caddy in front of it, as docker-compose.yml's production profile runs them. */
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

/** Builds the server's image and starts the deployment; what was started is removed where a later step fails. */
export async function startDeployment(): Promise<Deployment> {
  // The reaper's image may not be at hand; close() owns everything that is started here.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = () => closeAll(cleanups);
  try {
    const dataFolder = realpathSync(mkdtempSync(join(tmpdir(), 'clara-deployment-')));
    cleanups.push(async () => rmSync(dataFolder, { recursive: true, force: true }));
    cleanups.push(() => removeSandboxesOn(dataFolder));
    const image = await buildServerImage();
    cleanups.push(() => run('docker', ['image', 'rm', image]));
    const network = await new Network().start();
    cleanups.push(() => network.stop());
    const apiKey = 'the key of the deployment test';
    const server = await startServer(image, network, dataFolder, apiKey);
    cleanups.push(() => server.stop());
    const caddy = await startCaddy(await ensureCaddyImage(), network);
    cleanups.push(() => caddy.stop());
    const authority = (await caddy.exec(['cat', ROOT_CERTIFICATE])).stdout;
    return { apiKey, dataFolder, httpsPort: caddy.getMappedPort(443), authority, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function buildServerImage(): Promise<string> {
  const image = `clara-sandbox-api:test-${process.pid}`;
  const base = await ensureNodeImage();
  await GenericContainer.fromDockerfile(ROOT).withBuildArgs({ BASE_IMAGE: base }).build(image, { deleteOnExit: false });
  return image;
}

async function startServer(
  image: string,
  network: StartedNetwork,
  dataFolder: string,
  apiKey: string,
): Promise<StartedTestContainer> {
  const inspected = await run('docker', ['network', 'inspect', network.getName()]);
  const [{ IPAM }] = networksSchema.parse(JSON.parse(inspected.stdout));
  const environment = {
    SANDBOX_API_KEY: apiKey,
    SANDBOX_DATA_DIR: dataFolder,
    SANDBOX_DOMAIN: DOMAIN,
    // Caddy has no address yet; nobody else is on this network.
    SANDBOX_TRUSTED_PROXIES: IPAM.Config.map(({ Subnet }) => Subnet).join(','),
  };
  return await new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases('sandbox-api')
    .withBindMounts([
      { source: '/var/run/docker.sock', target: '/var/run/docker.sock' },
      { source: dataFolder, target: dataFolder },
    ])
    .withEnvironment(environment)
    .withTmpFs({ '/tmp': '' })
    .withDroppedCapabilities('ALL')
    .withAddedCapabilities('CHOWN', 'DAC_OVERRIDE', 'FOWNER')
    .withSecurityOpt('no-new-privileges:true')
    .withExposedPorts(8080)
    .withWaitStrategy(
      Wait.forHttp('/health', 8080).forResponsePredicate((body) => JSON.parse(body).status === 'healthy'),
    )
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
}

function startCaddy(image: string, network: StartedNetwork): Promise<StartedTestContainer> {
  return new GenericContainer(image)
    .withNetwork(network)
    .withCommand(['caddy', 'run', '--config', '/etc/caddy/Caddyfile', '--adapter', 'caddyfile'])
    .withBindMounts([{ source: join(ROOT, 'Caddyfile'), target: '/etc/caddy/Caddyfile', mode: 'ro' }])
    .withEnvironment({ SANDBOX_DOMAIN: DOMAIN, XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: '/config' })
    .withTmpFs({ '/data': '', '/config': '' })
    .withDroppedCapabilities('ALL')
    .withAddedCapabilities('NET_BIND_SERVICE')
    .withSecurityOpt('no-new-privileges:true')
    .withExposedPorts(443)
    .withWaitStrategy(Wait.forLogMessage(/certificate obtained successfully/))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
}

/** Removes what the server made: the sandboxes, which have mounts below the folder, and the networks only they are in. */
async function removeSandboxesOn(dataFolder: string): Promise<void> {
  const networks = new Set<string>();
  const { stdout } = await run('docker', ['ps', '--all', '--quiet', '--no-trunc']);
  for (const id of stdout.split('\n').filter(Boolean)) {
    const inspected = await run('docker', ['inspect', id]).catch(() => undefined);
    const [container] = inspected ? containersSchema.parse(JSON.parse(inspected.stdout)) : [];
    if (!container?.Mounts.some((mount) => mount.Source.startsWith(`${dataFolder}/`))) continue;
    for (const name of Object.keys(container.NetworkSettings.Networks)) networks.add(name);
    await run('docker', ['rm', '--force', '--volumes', id]);
  }
  for (const name of networks) {
    if (!PREDEFINED_NETWORKS.includes(name)) await run('docker', ['network', 'rm', name]);
  }
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
