/** Rooms that many may use together. */
type Layer = readonly string[];

/** For a room the rooms and layers that it may use besides itself; a room is a folder with the folders in it that have no rule of their own. */
export type Rules = Readonly<Record<string, readonly (string | Layer)[]>>;

/** What a dialect gets of the core. */
export const CORE = [
  'src/builds',
  'src/processes',
  'src/ports',
  'src/contexts',
  'src/files',
  'src/sandboxes',
  'src/sandboxes/alerts',
  'src/sandboxes/asked',
  'src/sandboxes/changes',
  'src/sandboxes/checkpoints',
  'src/sandboxes/spec',
  'src/sandboxes/status',
  'src/sandboxes/volumes',
];

/** A sandbox in memory and what names it, under the rooms of its life. */
export const SANDBOX = [
  'src/auth',
  'src/sandboxes/asked',
  'src/sandboxes/registry',
  'src/sandboxes/spec',
  'src/sandboxes/storage',
];

/** What is under the core. */
export const GROUND = [
  'src/base',
  'src/observability',
  'src/async',
  'src/config',
  'src/machine',
  'src/engines',
  'src/disks',
  'src/egress',
];

/** The server's end of the agent. */
export const AGENT = ['src/agent/wire', 'src/agent/link', 'src/agent/calls'];
