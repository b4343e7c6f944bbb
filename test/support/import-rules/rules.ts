import { dirname } from 'node:path';
import type { Imports } from './graph.ts';

/** For a room the rooms that it may use besides itself; a room is a folder with the folders in it that have no rule of their own. */
export type Rules = Readonly<Record<string, readonly string[]>>;

/** What composes all rooms: a folder in them has a rule of its own. */
const TOPS = ['src', 'agent/clara_agent'];

/** The longest name in the rules of a folder that this file lies in. */
function roomOf(file: string, rules: Rules): string | undefined {
  const folder = dirname(file);
  return Object.keys(rules)
    .filter((room) => folder === room || (folder.startsWith(`${room}/`) && !TOPS.includes(room)))
    .sort((one, other) => other.length - one.length)[0];
}

/** The imports that no rule allows. */
export function violations(all: Imports, rules: Rules): string[] {
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

/** What rules allow and no file of the room imports. */
export function unused(all: Imports, rules: Rules): string[] {
  const used = new Map<string | undefined, Set<string | undefined>>();
  for (const [file, targets] of all) {
    const room = roomOf(file, rules);
    used.set(room, new Set([...(used.get(room) ?? []), ...targets.map((target) => roomOf(target, rules))]));
  }
  return Object.entries(rules).flatMap(([room, uses]) =>
    uses.filter((allowed) => !used.get(room)?.has(allowed)).map((allowed) => `${room} may use ${allowed}`),
  );
}

/** Folders without a rule beside folders that have one. */
export function ruleless(all: Imports, rules: Rules): string[] {
  const rooms = Object.keys(rules);
  const folders = new Set([...all.keys()].map((file) => dirname(file)));
  const sides = new Set(rooms.map((room) => dirname(room)));
  return [...folders].filter((folder) => sides.has(dirname(folder)) && !rooms.includes(folder)).sort();
}
