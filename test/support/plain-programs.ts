import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What programs find from their own place, as in the repository: `src` and `test/support` without their types, the rest as it is. */
const PLAIN_ROOT = join(ROOT, 'node_modules/.cache/clara-sandbox/plain');
const FOLDERS = ['src', 'test/support'];
const AS_IT_IS = ['package.json', 'agent'];

let prepared: Promise<void> | undefined;

/** Makes the copies before the tests, none of which then waits for the compiler. */
export default async function setup(): Promise<void> {
  await prepare();
}

/**
 * The path of a program of this repository, such as `src/main.ts`, without its types: Node starts that several times faster than with
 * a loader that takes them away as it goes, and what starts as a process of its own is started often. Kept between runs.
 */
export async function plainProgram(main: string): Promise<string> {
  prepared ??= prepare();
  await prepared;
  return toPlain(main);
}

const toPlain = (path: string) => join(PLAIN_ROOT, path.replace(/\.ts$/, '.js'));

async function prepare(): Promise<void> {
  await mkdir(PLAIN_ROOT, { recursive: true });
  for (const name of AS_IT_IS) await link(name);
  const own = await modifiedMs(fileURLToPath(import.meta.url));
  const stale: string[] = [];
  for (const folder of FOLDERS) {
    for (const file of await readdir(join(ROOT, folder), { recursive: true })) {
      const path = join(folder, file);
      if (!/\.(?:ts|cjs)$/.test(path)) continue;
      const changed = Math.max(own, await modifiedMs(join(ROOT, path)));
      if ((await modifiedMs(toPlain(path))) <= changed) stale.push(path);
    }
  }
  if (stale.length > 0) await strip(stale);
}

/** Needs the compiler, which takes a second to load: only where something has changed. Programs of threads are plain already. */
async function strip(paths: readonly string[]): Promise<void> {
  const { default: ts } = await import('typescript');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
    inlineSourceMap: true,
  };
  for (const path of paths) {
    const source = await readFile(join(ROOT, path), 'utf8');
    const fileName = join(ROOT, path);
    const text = path.endsWith('.cjs') ? source : ts.transpileModule(source, { compilerOptions, fileName }).outputText;
    const target = toPlain(path);
    await mkdir(dirname(target), { recursive: true });
    // Another process of the same run may do the same, and a third read it.
    const written = `${target}.${process.pid}`;
    await writeFile(written, text);
    await rename(written, target);
  }
}

/** When it was written, in milliseconds since 1970; 0 where it is not there. */
async function modifiedMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.mtimeMs ?? 0;
}

async function link(name: string): Promise<void> {
  const at = join(PLAIN_ROOT, name);
  const isThere = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  };
  await symlink(relative(PLAIN_ROOT, join(ROOT, name)), at).catch(isThere);
}
