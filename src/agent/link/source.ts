import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';

/** The agent as it is sent into a sandbox. */
export interface AgentSource {
  /** The text for `python3 -c`. */
  readonly bootstrap: string;
  /** zlib-compressed JSON, name of a module (with dots, below the agent's package) or path of another file to source text. */
  readonly bundle: Buffer;
  /** Tells one version of the agent from another; 16 hex digits. */
  readonly hash: string;
}

/** Reads the agent's files from a folder such as `agent`: modules of Python, and what it gives to other interpreters. */
export async function readAgentSource(folder: URL): Promise<AgentSource> {
  const bootstrap = await readFile(new URL('bootstrap.py', folder), 'utf8');
  const packageFolder = new URL('clara_agent/', folder);
  const paths = (await readdir(packageFolder, { recursive: true })).filter(isSource).sort();
  const modules: Record<string, string> = {};
  for (const path of paths) {
    const name = path.endsWith('.py') ? path.slice(0, -'.py'.length).replaceAll('/', '.') : path;
    modules[name] = await readFile(new URL(path, packageFolder), 'utf8');
  }
  const text = JSON.stringify(modules);
  const hash = createHash('sha256').update(bootstrap).update(text).digest('hex').slice(0, 16);
  return { bootstrap, bundle: await promisify(deflate)(text, { level: 9 }), hash };
}

/** What a package's `__init__.py` says is for readers: it has no code. */
function isSource(path: string): boolean {
  return path.endsWith('.cjs') || (path.endsWith('.py') && !path.endsWith('__init__.py'));
}
