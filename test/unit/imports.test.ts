import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AGENT_RULES } from '../support/import-rules/agent.ts';
import { DIALECT_RULES } from '../support/import-rules/dialects.ts';
import { SANDBOX_RULES } from '../support/import-rules/sandboxes.ts';
import { OTHER_RULES } from '../support/import-rules/server.ts';
import type { Rules } from '../support/import-rules/words.ts';

const SERVER_RULES: Rules = { ...OTHER_RULES, ...DIALECT_RULES, ...SANDBOX_RULES };
const SERVER_MAY_USE = Object.fromEntries(Object.entries(SERVER_RULES).map(([room, uses]) => [room, uses.flat()]));
const AGENT_MAY_USE = Object.fromEntries(Object.entries(AGENT_RULES).map(([room, uses]) => [room, uses.flat()]));

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** From each file to the files that it imports, as paths from the top of the repository. */
type Imports = ReadonlyMap<string, readonly string[]>;

function filesBelow(folder: string, extension: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(extension)).map((name) => posix.join(folder, name));
}

function readServer(): Imports {
  const read = (file: string) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
      posix.join(dirname(file), match[1] ?? ''),
    );
  return new Map(filesBelow('src', '.ts').map((file) => [file, read(file)]));
}

/** What only the type checker reads: there two classes of a package may name each other. */
const FOR_TYPES = /^if TYPE_CHECKING:\n(?:[ \t].*\n|\n(?=[ \t]))*/gm;

function readAgent(withTypes: boolean): Imports {
  const top = 'agent/clara_agent';
  const toFile = (file: string, dots: string, module: string, names: string): string[] => {
    const base = dots.length === 1 ? dirname(file) : posix.join(dirname(file), '../'.repeat(dots.length - 1));
    const path = posix.join(base, module.replaceAll('.', '/'));
    const isModule = module !== '' && existsSync(join(ROOT, `${path}.py`));
    return isModule ? [`${path}.py`] : names.split(',').map((name) => posix.join(path, `${name.trim()}.py`));
  };
  const sourceOf = (file: string) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    return withTypes ? source : source.replaceAll(FOR_TYPES, '');
  };
  const read = (file: string) =>
    [...sourceOf(file).matchAll(/^[ \t]*from (\.+)([\w.]*) import ([\w, ]+)/gm)].flatMap(
      ([, dots = '', module = '', names = '']) => toFile(file, dots, module, names),
    );
  return new Map(filesBelow(top, '.py').map((file) => [file, read(file)]));
}

const imports = { server: readServer(), agent: readAgent(true), agentAtRunTime: readAgent(false) };

/** What composes all rooms: a folder in them has a rule of its own. */
const TOPS = ['src', 'agent/clara_agent'];

/** The longest name in the rules of a folder that this file lies in. */
function roomOf(file: string, rooms: Readonly<Record<string, readonly string[]>>): string | undefined {
  const folder = dirname(file);
  return Object.keys(rooms)
    .filter((room) => folder === room || (folder.startsWith(`${room}/`) && !TOPS.includes(room)))
    .sort((one, other) => other.length - one.length)[0];
}

function violations(all: Imports, rules: Readonly<Record<string, readonly string[]>>): string[] {
  const found: string[] = [];
  for (const [file, targets] of all) {
    const room = roomOf(file, rules);
    const allowed = room === undefined ? [] : [room, ...(rules[room] ?? [])];
    for (const target of targets) {
      const targetRoom = roomOf(target, rules);
      if (targetRoom === undefined || !allowed.includes(targetRoom)) found.push(`${file} -> ${target}`);
    }
  }
  return found.sort();
}

/** The names and layers of rules that allow what no file of the room imports. */
function unused(all: Imports, rules: Rules): string[] {
  const rooms = Object.fromEntries(Object.entries(rules).map(([room, uses]) => [room, uses.flat()]));
  const used = new Map<string | undefined, Set<string | undefined>>();
  for (const [file, targets] of all) {
    const room = roomOf(file, rooms);
    used.set(room, new Set([...(used.get(room) ?? []), ...targets.map((target) => roomOf(target, rooms))]));
  }
  return Object.entries(rules).flatMap(([room, uses]) =>
    uses
      .filter((allowed) => ![allowed].flat().some((name) => used.get(room)?.has(name)))
      .map((allowed) => `${room} may use ${[allowed].flat().join(', ')}`),
  );
}

/** One way around in the graph, if there is any. */
function circle(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | null {
  const done = new Set<string>();
  const walk = (node: string, way: readonly string[]): readonly string[] | null => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const found = walk(next, [...way, node]);
      if (found) return found;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const found = walk(node, []);
    if (found) return found;
  }
  return null;
}

/** From each folder to the others that its files import from; what lies deeper counts as of its folder at this depth. */
function byFolder(all: Imports, depth: number): Map<string, Set<string>> {
  const folderOf = (file: string) => dirname(file).split('/').slice(0, depth).join('/');
  const graph = new Map<string, Set<string>>();
  for (const [file, targets] of all) {
    const folder = folderOf(file);
    const uses = graph.get(folder) ?? new Set();
    for (const used of targets.map(folderOf)) if (used !== folder) uses.add(used);
    graph.set(folder, uses);
  }
  return graph;
}

describe('imports go one way', () => {
  it('in the server: each room uses the rooms that its rule names', () => {
    expect(violations(imports.server, SERVER_MAY_USE)).toEqual([]);
  });

  it('in the agent: each package uses the packages that its rule names', () => {
    expect(violations(imports.agent, AGENT_MAY_USE)).toEqual([]);
  });

  it('in a rule every room that is named is a folder that is there', () => {
    const files = [...imports.server.keys(), ...imports.agent.keys()];
    const named = Object.entries({ ...SERVER_MAY_USE, ...AGENT_MAY_USE }).flatMap(([room, uses]) => [room, ...uses]);
    const isThere = (room: string) => files.some((file) => file.startsWith(`${room}/`));
    expect(named.filter((room) => !isThere(room))).toEqual([]);
  });

  it('in a rule no room is named, and no layer, of which nothing is imported', () => {
    expect([...unused(imports.server, SERVER_RULES), ...unused(imports.agent, AGENT_RULES)]).toEqual([]);
  });

  it.each(['server', 'agentAtRunTime'] as const)('and never around: no circle of files, %s', (part) => {
    expect(circle(new Map([...imports[part]].map(([file, targets]) => [file, new Set(targets)])))).toBeNull();
  });

  const deepest = Math.max(...[...imports.server.keys()].map((file) => file.split('/').length - 1));
  const depths = Array.from({ length: deepest - 1 }, (_, index) => index + 2);
  it.each(depths)('nor of folders, what is only for types included, to a depth of %i', (depth) => {
    expect(circle(byFolder(imports.server, depth))).toBeNull();
    expect(circle(byFolder(imports.agent, depth))).toBeNull();
  });
});

describe('what one place alone may touch', () => {
  const touching = (pattern: RegExp) =>
    [...imports.server.keys()].filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));

  it('Docker is known in engines/docker', () => {
    expect(touching(/from 'dockerode'/).filter((file) => !file.startsWith('src/engines/docker/'))).toEqual([]);
  });

  it('what composes the core is known to what composes the server', () => {
    const knowing = touching(/sandboxes\/core\.ts'/);
    const composing = ['src/app-parts.ts', 'src/app.ts', 'src/dialects/all/own-dialects.ts', 'src/services.ts'];
    expect(knowing.sort()).toEqual(composing);
  });

  it('the wall clock is read by the injected clock, and in what asks an engine that has a clock of its own', () => {
    const readers = touching(/Date\.now\(|new Date\(\)|performance\.timeOrigin/);
    expect(readers.filter((file) => !file.startsWith('src/engines/'))).toEqual(['src/async/clock.ts']);
  });

  it('the environment is read in config and by the processes themselves', () => {
    const readers = touching(/process\.env/).filter((file) => !file.startsWith('src/config/'));
    expect(readers.filter((file) => !file.endsWith('main.ts'))).toEqual([]);
  });
});
