import { dirname } from 'node:path';

/** From each file to the files that it imports, as paths from the top of the repository. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** What uses what. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** One way around in the graph, if there is any. */
export function circle(graph: Graph): readonly string[] | null {
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

/** The graph of the files. */
export function byFile(all: Imports): Graph {
  return new Map([...all].map(([file, targets]) => [file, new Set(targets)]));
}

/** From each folder to the others that its files import from; what lies deeper counts as of its folder at this depth. */
export function byFolder(all: Imports, depth: number): Graph {
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
