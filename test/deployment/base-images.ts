import { cpSync, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBaseImage } from '../support/base-image.ts';
import { buildOnce, isNodeInPieces } from '../support/built-image.ts';

// Node trusts its own list of authorities only; the base has this machine's as well.
const TRUSTS_AUTHORITIES = 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An image with Node and npm: the published one, else this machine's Node on its own distribution. */
export async function ensureNodeImage(): Promise<string> {
  const wanted = 'node:22-slim';
  const base = await ensureBaseImage(wanted);
  if (base === wanted) return wanted;
  if (isNodeInPieces()) {
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

function installs(packages: string): string {
  return `RUN apt-get update && apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*`;
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
