/** Used everywhere; they use nothing. */
const WORDS = ['src/errors.ts', 'src/ip-address.ts', 'src/version.ts', 'src/young-garbage.ts'];

/** What a dialect gets of the core. */
const CORE = ['src/sandboxes', 'src/processes', 'src/files'];

/** A sandbox in memory and what names it, under the rooms of the core. */
const SANDBOX = [
  'src/sandboxes/address.ts',
  'src/sandboxes/state.ts',
  'src/sandboxes/sandbox.ts',
  'src/sandboxes/registry.ts',
];

/** What is under the core. */
const GROUND = [
  ...WORDS,
  'src/async',
  'src/config',
  'src/machine',
  'src/engines',
  'src/disks',
  'src/egress',
  'src/egress/pattern.ts',
];

const AGENT = ['src/agent/wire', 'src/agent/link', 'src/agent/calls'];

/** For each room of the server, a folder or a file, the rooms that it may use besides itself. */
export const SERVER_MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['src/app.ts', 'src/listen.ts', 'src/log.ts', 'src/engines/docker', 'src/agent/link', ...GROUND],
  'src/app.ts': [
    'src/dialects/clara',
    'src/fault-log.ts',
    'src/http',
    'src/auth',
    'src/agent/link',
    ...CORE,
    ...GROUND,
  ],
  'src/exposure.ts': [],
  'src/fault-log.ts': ['src/async'],
  'src/listen.ts': ['src/config', 'src/exposure.ts'],
  'src/log.ts': [],
  'src/errors.ts': [],
  'src/ip-address.ts': [],
  'src/version.ts': [],
  'src/young-garbage.ts': [],
  'src/async': ['src/errors.ts'],
  'src/auth': ['src/errors.ts', 'src/async'],
  'src/config': ['src/auth', 'src/egress/pattern.ts', 'src/ip-address.ts'],
  'src/http': ['src/auth', 'src/async', ...WORDS],
  'src/dialects/clara': ['src/http', 'src/config', 'src/egress/pattern.ts', ...CORE, ...WORDS],
  'src/processes': [...AGENT, ...SANDBOX, 'src/sandboxes/sandboxes.ts', 'src/sandboxes/metering', ...GROUND],
  'src/files': [...AGENT, ...SANDBOX, 'src/sandboxes/sandboxes.ts', 'src/sandboxes/spec', ...GROUND],
  'src/sandboxes': ['src/sandboxes/sandboxes.ts', ...GROUND],
  'src/sandboxes/sandboxes.ts': [
    'src/sandboxes',
    ...SANDBOX,
    'src/sandboxes/spec',
    'src/sandboxes/storage',
    'src/sandboxes/placement',
    'src/sandboxes/lifecycle',
    'src/sandboxes/metering',
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/address.ts': [],
  'src/sandboxes/state.ts': [],
  'src/sandboxes/sandbox.ts': [
    'src/sandboxes/address.ts',
    'src/sandboxes/state.ts',
    'src/sandboxes/storage',
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/registry.ts': [...SANDBOX, 'src/sandboxes/storage', ...GROUND],
  'src/sandboxes/storage': ['src/sandboxes/address.ts', ...GROUND],
  'src/sandboxes/spec': ['src/sandboxes/storage', 'src/agent/link', ...GROUND],
  'src/sandboxes/users': ['src/sandboxes/spec', 'src/sandboxes/storage', ...GROUND],
  'src/sandboxes/preflight': ['src/sandboxes/spec', 'src/sandboxes/storage', 'src/sandboxes/users', ...GROUND],
  'src/sandboxes/metering': [...SANDBOX, 'src/sandboxes/spec', 'src/sandboxes/storage', ...AGENT, ...GROUND],
  'src/sandboxes/placement': [
    ...SANDBOX,
    'src/sandboxes/spec',
    'src/sandboxes/storage',
    'src/sandboxes/users',
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/lifecycle': [
    ...SANDBOX,
    'src/sandboxes/spec',
    'src/sandboxes/storage',
    'src/sandboxes/users',
    'src/sandboxes/placement',
    'src/sandboxes/preflight',
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/upkeep': [
    ...SANDBOX,
    'src/sandboxes/spec',
    'src/sandboxes/storage',
    'src/sandboxes/placement',
    'src/sandboxes/lifecycle',
    ...GROUND,
  ],
  'src/agent/wire': ['src/errors.ts', 'src/async'],
  'src/agent/calls': ['src/agent/wire', 'src/errors.ts', 'src/async'],
  'src/agent/link': ['src/agent/wire', 'src/agent/calls', 'src/engines', 'src/errors.ts', 'src/async'],
  'src/machine': [],
  'src/engines': ['src/errors.ts'],
  'src/engines/docker': ['src/engines', 'src/async', ...WORDS],
  'src/disks': ['src/disks/service/schemas.ts', 'src/config', 'src/async', ...WORDS],
  'src/disks/service/schemas.ts': [],
  'src/disks/service': ['src/disks', 'src/disks/service/schemas.ts', 'src/config', 'src/log.ts', ...WORDS],
  'src/egress': ['src/egress/host.ts', 'src/egress/pattern.ts', 'src/agent/wire', 'src/async', ...WORDS],
  'src/egress/host.ts': ['src/ip-address.ts'],
  'src/egress/pattern.ts': ['src/egress/host.ts', 'src/ip-address.ts'],
};

/** Imports of the server that no rule allows; each is a debt, and none may come. */
export const KNOWN_VIOLATIONS: readonly string[] = [
  'src/app.ts -> src/sandboxes/preflight/preflight.ts',
  'src/app.ts -> src/sandboxes/sandboxes.ts',
  'src/app.ts -> src/sandboxes/storage/store.ts',
  'src/app.ts -> src/sandboxes/upkeep/upkeep.ts',
  'src/app.ts -> src/sandboxes/users/sandbox-users.ts',
  'src/dialects/clara/executions/routes.ts -> src/agent/calls/run.ts',
  'src/dialects/clara/executions/routes.ts -> src/sandboxes/address.ts',
  'src/dialects/clara/executions/routes.ts -> src/sandboxes/sandboxes.ts',
  'src/dialects/clara/files/routes.ts -> src/agent/calls/files.ts',
  'src/dialects/clara/files/routes.ts -> src/agent/wire/connection.ts',
  'src/dialects/clara/files/routes.ts -> src/agent/wire/failures.ts',
  'src/dialects/clara/files/routes.ts -> src/sandboxes/metering/memory.ts',
  'src/dialects/clara/mapping.ts -> src/agent/calls/files.ts',
  'src/dialects/clara/mapping.ts -> src/sandboxes/address.ts',
  'src/dialects/clara/mapping.ts -> src/sandboxes/storage/record.ts',
  'src/dialects/clara/service/routes.ts -> src/engines/engine.ts',
  'src/dialects/clara/service/routes.ts -> src/sandboxes/sandboxes.ts',
  'src/dialects/clara/transfers/routes.ts -> src/agent/calls/files.ts',
  'src/sandboxes/sandboxes.ts -> src/sandboxes/upkeep/disk-sweep.ts',
  'src/sandboxes/sandboxes.ts -> src/sandboxes/upkeep/reconciler.ts',
  'src/sandboxes/status.ts -> src/sandboxes/address.ts',
  'src/sandboxes/status.ts -> src/sandboxes/metering/usage-meter.ts',
  'src/sandboxes/status.ts -> src/sandboxes/sandbox.ts',
  'src/sandboxes/status.ts -> src/sandboxes/state.ts',
  'src/sandboxes/upkeep/adoption.ts -> src/sandboxes/sandboxes.ts',
  'src/sandboxes/upkeep/reaper.ts -> src/sandboxes/sandboxes.ts',
];

const PACKAGE = (name: string) => `agent/clara_agent/${name}`;

const [ERRORS, IO, WIRE, JOBS, HOST, FILES, PYTHON] = [
  PACKAGE('errors.py'),
  PACKAGE('io'),
  PACKAGE('wire'),
  PACKAGE('jobs'),
  PACKAGE('host'),
  PACKAGE('files'),
  PACKAGE('python'),
];

/** The same for the packages of the agent. */
export const AGENT_MAY_USE: Readonly<Record<string, readonly string[]>> = {
  [PACKAGE('main.py')]: [PACKAGE('agent.py'), IO, WIRE],
  [PACKAGE('agent.py')]: [ERRORS, IO, WIRE, HOST, PYTHON, PACKAGE('processes'), PACKAGE('network')],
  [ERRORS]: [],
  [IO]: [ERRORS],
  [WIRE]: [ERRORS, IO],
  [JOBS]: [ERRORS, IO, WIRE],
  [HOST]: [ERRORS, IO, WIRE, JOBS],
  [FILES]: [ERRORS, IO, WIRE, JOBS, HOST],
  [PACKAGE('archives')]: [ERRORS, IO, WIRE, JOBS, FILES],
  [PYTHON]: [ERRORS, IO, WIRE, HOST, FILES],
  [PACKAGE('processes')]: [ERRORS, IO, WIRE, HOST, PYTHON],
  [PACKAGE('network')]: [ERRORS, IO, WIRE],
};
