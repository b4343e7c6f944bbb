import { cpSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildOnce, isNodeInPieces } from './built-image.ts';

/** What Debian has that the sandbox image has not. */
const PACKAGES = 'python3-flask jupyter-server python3-ipykernel';

/** Where the image has Vite. */
export const VITE = '/opt/vite/node_modules/vite/bin/vite.js';

/** An operator's own image: the sandbox image, with Flask, a Jupyter server, Vite and a Node that it runs on. */
export async function ensureProgramsImage(): Promise<string> {
  const base = process.env.CLARA_TEST_IMAGE || 'clara-sandbox:latest';
  const folders = foldersOf('vite');
  const { version } = readManifest(folders.get('vite') ?? '');
  const dockerfile = [
    `FROM ${base}`,
    'USER root',
    `RUN apt-get update && apt-get install -y --no-install-recommends ${PACKAGES} && rm -rf /var/lib/apt/lists/*`,
    `# Vite ${version}`,
    'COPY node_modules /opt/vite/node_modules',
    ...(isNodeInPieces() ? [] : ['COPY node /usr/local/bin/node']),
    'USER 1000:1000',
  ];
  return await buildOnce('programs', dockerfile, base, (context) => {
    for (const [name, folder] of folders) cpSync(folder, join(context, 'node_modules', name), { recursive: true });
    if (!isNodeInPieces()) cpSync(realpathSync(process.execPath), join(context, 'node'));
  });
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The folders of a package of this repository and of all that it needs, by their names. */
function foldersOf(root: string): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  const add = (name: string, from: string): void => {
    if (folders.has(name)) return;
    const folder = findFolder(name, from);
    if (folder === null) return;
    folders.set(name, folder);
    const { dependencies, optionalDependencies } = readManifest(folder);
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) add(needed, folder);
  };
  add(root, dirname(new URL(import.meta.url).pathname));
  return folders;
}

/** Null where it is not installed, as what is made for another machine. */
function findFolder(name: string, from: string): string | null {
  const paths = createRequire(join(from, 'any.js')).resolve.paths(name) ?? [];
  for (const path of paths) {
    try {
      return realpathSync(dirname(realpathSync(join(path, name, 'package.json'))));
    } catch {}
  }
  return null;
}
