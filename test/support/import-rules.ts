/** Used everywhere; they use nothing. */
const WORDS = ['src/errors.ts', 'src/ip-address.ts', 'src/version.ts', 'src/young-garbage.ts'];

/** What a dialect gets of the core. */
const CORE = [
  'src/processes',
  'src/files',
  'src/sandboxes/sandboxes.ts',
  'src/sandboxes/listing.ts',
  'src/sandboxes/info.ts',
  'src/sandboxes/status.ts',
  'src/sandboxes/ref.ts',
  'src/sandboxes/address.ts',
  'src/sandboxes/spec/asked-spec.ts',
];

/** A sandbox in memory and what names it, under the rooms of its life. */
const SANDBOX = [
  'src/auth/principal.ts',
  'src/sandboxes/address.ts',
  'src/sandboxes/ref.ts',
  'src/sandboxes/state.ts',
  'src/sandboxes/leases.ts',
  'src/sandboxes/life-policy.ts',
  'src/sandboxes/sandbox.ts',
  'src/sandboxes/registry.ts',
  'src/sandboxes/catalog.ts',
  'src/sandboxes/spec',
  'src/sandboxes/spec/asked-spec.ts',
  'src/sandboxes/storage',
];

/** What is under the core. */
const GROUND = [
  ...WORDS,
  'src/observability',
  'src/async',
  'src/config',
  'src/machine',
  'src/engines',
  'src/disks',
  'src/egress',
  'src/egress/pattern.ts',
];

const AGENT = ['src/agent/wire', 'src/agent/link', 'src/agent/calls'];

/** How a sandbox is used: what processes and files stand on. */
const USE = [
  'src/sandboxes/sandboxes.ts',
  'src/sandboxes/access.ts',
  'src/sandboxes/ref.ts',
  'src/sandboxes/leases.ts',
  'src/sandboxes/metering',
];

/** For each room of the server, a folder or a file, the rooms that it may use besides itself. */
export const SERVER_MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['src/app.ts', 'src/listen.ts', 'src/log.ts', 'src/engines/docker', 'src/agent/link', ...GROUND],
  'src/app.ts': [
    'src/dialects',
    'src/dialects/clara',
    'src/fault-log.ts',
    'src/http',
    'src/agent/link',
    'src/processes',
    'src/files',
    'src/sandboxes/core.ts',
    'src/sandboxes/info.ts',
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
  'src/auth/principal.ts': ['src/auth'],
  'src/config': ['src/auth', 'src/egress/pattern.ts', 'src/ip-address.ts'],
  'src/http': ['src/auth', 'src/auth/principal.ts', 'src/async', ...WORDS],
  'src/dialects': ['src/http', 'src/auth/principal.ts', 'src/errors.ts', ...CORE],
  'src/dialects/clara': ['src/dialects', 'src/http', 'src/config', 'src/egress/pattern.ts', ...CORE, ...WORDS],
  'src/processes': [...AGENT, ...USE, ...GROUND],
  'src/files': [...AGENT, ...USE, 'src/sandboxes/spec', ...GROUND],
  'src/sandboxes/core.ts': [
    'src/sandboxes/sandboxes.ts',
    'src/sandboxes/changes.ts',
    'src/sandboxes/listing.ts',
    'src/sandboxes/info.ts',
    'src/sandboxes/users',
    'src/sandboxes/preflight',
    'src/sandboxes/metering',
    'src/sandboxes/placement',
    'src/sandboxes/lifecycle',
    'src/sandboxes/upkeep',
    ...SANDBOX,
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/sandboxes.ts': [
    'src/sandboxes/access.ts',
    'src/sandboxes/changes.ts',
    'src/sandboxes/status.ts',
    'src/sandboxes/metering',
    'src/sandboxes/lifecycle',
    ...SANDBOX,
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/changes.ts': ['src/sandboxes/status.ts', 'src/sandboxes/metering', ...SANDBOX, ...GROUND],
  'src/sandboxes/listing.ts': ['src/sandboxes/status.ts', 'src/sandboxes/metering', ...SANDBOX, ...GROUND],
  'src/sandboxes/info.ts': [...GROUND],
  'src/sandboxes/status.ts': ['src/sandboxes/metering', ...SANDBOX, ...GROUND],
  'src/sandboxes/access.ts': [
    'src/sandboxes/metering',
    'src/sandboxes/leases.ts',
    'src/sandboxes/sandbox.ts',
    'src/agent/wire',
  ],
  'src/sandboxes/address.ts': [],
  'src/observability': ['src/sandboxes/address.ts', 'src/sandboxes/state.ts', 'src/errors.ts'],
  'src/sandboxes/ref.ts': ['src/sandboxes/address.ts', 'src/auth/principal.ts', 'src/errors.ts'],
  'src/sandboxes/state.ts': [],
  'src/sandboxes/leases.ts': ['src/errors.ts'],
  'src/sandboxes/life-policy.ts': [],
  'src/sandboxes/sandbox.ts': [
    'src/sandboxes/address.ts',
    'src/sandboxes/state.ts',
    'src/sandboxes/leases.ts',
    'src/sandboxes/life-policy.ts',
    'src/sandboxes/spec/asked-spec.ts',
    'src/sandboxes/storage',
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/registry.ts': [
    'src/sandboxes/address.ts',
    'src/sandboxes/sandbox.ts',
    'src/sandboxes/storage',
    ...GROUND,
  ],
  'src/sandboxes/catalog.ts': ['src/sandboxes/address.ts', 'src/sandboxes/storage'],
  'src/sandboxes/storage': [
    'src/sandboxes/address.ts',
    'src/sandboxes/life-policy.ts',
    'src/sandboxes/spec/asked-spec.ts',
    ...GROUND,
  ],
  'src/sandboxes/spec/asked-spec.ts': [],
  'src/sandboxes/spec': ['src/sandboxes/spec/asked-spec.ts', 'src/sandboxes/storage', 'src/agent/link', ...GROUND],
  'src/sandboxes/users': ['src/sandboxes/spec', 'src/sandboxes/storage', ...GROUND],
  'src/sandboxes/preflight': ['src/sandboxes/spec', 'src/sandboxes/storage', 'src/sandboxes/users', ...GROUND],
  'src/sandboxes/metering': [...SANDBOX, ...AGENT, ...GROUND],
  'src/sandboxes/placement': ['src/sandboxes/users', ...SANDBOX, ...AGENT, ...GROUND],
  'src/sandboxes/lifecycle': [
    'src/sandboxes/users',
    'src/sandboxes/placement',
    'src/sandboxes/preflight',
    ...SANDBOX,
    ...AGENT,
    ...GROUND,
  ],
  'src/sandboxes/upkeep': [
    'src/sandboxes/placement',
    'src/sandboxes/lifecycle',
    'src/sandboxes/metering',
    ...SANDBOX,
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
