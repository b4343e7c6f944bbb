import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GenericContainer, getContainerRuntimeClient, ImageName } from 'testcontainers';
import { ensureBaseImage } from '../support/base-image.ts';

// Node trusts its own list of authorities only; the base has this machine's as well.
const TRUSTS_AUTHORITIES = 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An image with Node and npm: the published one, else this machine's Node on its own distribution. */
export async function ensureNodeImage(): Promise<string> {
  const wanted = 'node:22-slim';
  const base = await ensureBaseImage(wanted);
  if (base === wanted) return wanted;
  if (isInPieces()) {
    return buildOnce('node', [`FROM ${base}`, installs('nodejs npm'), TRUSTS_AUTHORITIES], base, () => {});
  }
  const dockerfile = [
    `FROM ${base}`,
    'COPY node /usr/local/bin/node',
    'COPY npm /usr/local/lib/node_modules/npm',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && npm --version',
    TRUSTS_AUTHORITIES,
  ];
  return buildOnce('node', dockerfile, base, (folder) => {
    cpSync(realpathSync(process.execPath), join(folder, 'node'));
    cpSync(findNpmFolder(), join(folder, 'npm'), { recursive: true, dereference: true });
  });
}

/** An image with Caddy: the published one, else the distribution's Caddy on the distribution itself. */
export async function ensureCaddyImage(): Promise<string> {
  const wanted = 'caddy:2';
  const base = await ensureBaseImage(wanted);
  if (base === wanted) return wanted;
  return buildOnce('caddy', [`FROM ${base}`, installs('caddy')], base, () => {});
}

/** Whether this Node is a distribution's, which keeps its code in a library and npm's modules in other packages. */
function isInPieces(): boolean {
  return 'node_shared' in process.config.variables && process.config.variables.node_shared === true;
}

function installs(packages: string): string {
  return `RUN apt-get update && apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*`;
}

/** Builds an image whose tag says what it is made of, unless the engine has it from an earlier run; it stays for the next. */
async function buildOnce(
  name: string,
  dockerfile: readonly string[],
  base: string,
  addFiles: (folder: string) => void,
): Promise<string> {
  const { image: images } = await getContainerRuntimeClient();
  const { Id: baseId } = await images.inspect(ImageName.fromString(base));
  const hash = createHash('sha256')
    .update([baseId, process.version, ...dockerfile].join('\n'))
    .digest('hex');
  const tag = `clara-sandbox-test-${name}:${hash.slice(0, 12)}`;
  if (await images.exists(ImageName.fromString(tag))) return tag;
  const folder = mkdtempSync(join(tmpdir(), 'clara-sandbox-image-'));
  try {
    addFiles(folder);
    writeFileSync(join(folder, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    await GenericContainer.fromDockerfile(folder).build(tag, { deleteOnExit: false });
    return tag;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findNpmFolder(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const program = folders.map((folder) => join(folder, 'npm')).find((path) => existsSync(path));
  if (!program) throw new Error('npm is not on PATH; the image of the server is built with it.');
  const script = realpathSync(program);
  if (!script.endsWith('/bin/npm-cli.js'))
    throw new Error(`${script} is not npm's own program: install Node with npm.`);
  return dirname(dirname(script));
}
