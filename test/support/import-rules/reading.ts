import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Imports } from './graph.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SCRIPT = /\.[cm]?[jt]s$/;
/** Imports and requires, what is for types included, and the programs of threads. */
const IN_SCRIPT = /\b(?:from|import|require|new URL)\s*\(?\s*'([^']+)'/g;
const IN_PYTHON =
  /^[ \t]*(?:from[ \t]+(?<dots>\.*)(?<module>[\w.]*)[ \t]+import[ \t]*(?:\((?<several>[^)]*)\)|(?<names>(?:[^\n\\]|\\\n)+))|import[ \t]+(?<modules>(?:[^\n\\]|\\\n)+))/gm;
/** What only the type checker reads: there two classes of a package may name each other. */
const FOR_TYPES = /^if TYPE_CHECKING:\n(?:[ \t].*\n|\n(?=[ \t]))*/gm;
const AGENT = 'clara_agent';

/** Whether there is a file at a path from the top of the repository. */
export type IsThere = (path: string) => boolean;

/** The text of a file, by its path from the top of the repository. */
export function sourceOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Names of packages and paths of files, as a script imports them. */
export function importsOfScript(file: string, source: string): string[] {
  return [...source.matchAll(IN_SCRIPT)].map(([, name = '']) =>
    name.startsWith('.') ? posix.join(dirname(file), name) : name,
  );
}

/** The files of the agent that a file of it in Python imports, and those that it names in strings (`"files.read"`), as tables do. */
export function importsOfPython(file: string, source: string, isThere: IsThere): string[] {
  const top = `${file.split(`/${AGENT}/`)[0]}/${AGENT}`;
  const toFile = (path: string) => (isThere(`${path}.py`) ? `${path}.py` : `${path}/__init__.py`);
  const fromTop = (module: string) => posix.join(top, module.slice(AGENT.length).replaceAll('.', '/'));
  const isOurs = (module: string) => module === AGENT || module.startsWith(`${AGENT}.`);
  const split = (names: string) =>
    names
      .replaceAll(/#.*|\\/g, '')
      .split(/[,;]/)
      .map((name) => name.trim().split(/\s/)[0] ?? '')
      .filter((name) => name !== '');
  const imported = [...source.matchAll(IN_PYTHON)].flatMap(({ groups = {} }) => {
    const { dots = '', module = '', several, names = '', modules } = groups;
    if (modules !== undefined)
      return split(modules)
        .filter(isOurs)
        .map((name) => toFile(fromTop(name)));
    if (dots === '' && !isOurs(module)) return [];
    const up = posix.join(dirname(file), '../'.repeat(Math.max(dots.length - 1, 0)));
    const path = dots === '' ? fromTop(module) : posix.join(up, module.replaceAll('.', '/'));
    if (isThere(`${path}.py`)) return [`${path}.py`];
    return split(several ?? names).map((name) => {
      const inIt = toFile(posix.join(path, name));
      return isThere(inIt) ? inIt : `${path}/__init__.py`;
    });
  });
  const named = [...source.matchAll(/"(?:clara_agent\.)?(\w+(?:\.\w+)+)"/g)]
    .map(([, name = '']) => `${top}/${name.replaceAll('.', '/')}.py`)
    .filter(isThere);
  return [...imported, ...named];
}

/** What of a file in Python is read when it runs. */
export function withoutTypes(source: string): string {
  return source.replaceAll(FOR_TYPES, '');
}

/** The scripts of some folders, the packages that they import left out. */
export function readScripts(...folders: readonly string[]): Imports {
  const files = folders.flatMap((folder) => filesBelow(folder, SCRIPT));
  const paths = (file: string) => importsOfScript(file, sourceOf(file)).filter((name) => name.includes('/'));
  const isFile = (name: string) => !name.endsWith('/') && folders.some((folder) => name.startsWith(`${folder}/`));
  return new Map(files.map((file) => [file, paths(file).filter(isFile)]));
}

/** The agent, its Python and its programs for Node. */
export function readAgent(isWithTypes: boolean): Imports {
  const top = `agent/${AGENT}`;
  const isThere = (path: string) => existsSync(join(ROOT, path));
  const read = (file: string) =>
    importsOfPython(file, isWithTypes ? sourceOf(file) : withoutTypes(sourceOf(file)), isThere);
  return new Map([...filesBelow(top, /\.py$/).map((file) => [file, read(file)] as const), ...readScripts(top)]);
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => pattern.test(name)).map((name) => posix.join(folder, name));
}
