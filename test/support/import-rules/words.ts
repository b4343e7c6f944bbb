/** Rooms that many may use together. */
type Layer = readonly string[];

/** For a room, a folder or a file, the rooms and layers that it may use besides itself. */
export type Rules = Readonly<Record<string, readonly (string | Layer)[]>>;

/** Used everywhere; they use nothing but errors. */
export const WORDS = [
  'src/base/atomic-file.ts',
  'src/base/counted.ts',
  'src/base/errors.ts',
  'src/base/ip-address.ts',
  'src/base/message-headers.ts',
  'src/base/random-name.ts',
  'src/base/size.ts',
  'src/base/version.ts',
  'src/base/young-garbage.ts',
];

/** What a dialect gets of the core. */
export const CORE = [
  'src/builds',
  'src/processes',
  'src/ports',
  'src/contexts',
  'src/files',
  'src/sandboxes/sandboxes.ts',
  'src/sandboxes/listing.ts',
  'src/sandboxes/sandbox-names.ts',
  'src/sandboxes/settings.ts',
  'src/sandboxes/tenancies.ts',
  'src/sandboxes/snapshots.ts',
  'src/sandboxes/asked/terms.ts',
  'src/sandboxes/changes/settings-change.ts',
  'src/sandboxes/images.ts',
  'src/sandboxes/devices.ts',
  'src/sandboxes/making.ts',
  'src/sandboxes/registry/catalog.ts',
  'src/sandboxes/asked/life-policy.ts',
  'src/sandboxes/port-notes.ts',
  'src/sandboxes/sandbox-logs.ts',
  'src/sandboxes/alerts',
  'src/sandboxes/volumes',
  'src/sandboxes/networks.ts',
  'src/sandboxes/usage-report.ts',
  'src/sandboxes/checkpoints',
  'src/sandboxes/secrets.ts',
  'src/sandboxes/spec/secret-environment.ts',
  'src/sandboxes/info.ts',
  'src/sandboxes/changes/status.ts',
  'src/sandboxes/asked/ref.ts',
  'src/base/sandbox-address.ts',
  'src/sandboxes/spec/folders.ts',
  'src/sandboxes/asked/asked-spec.ts',
  'src/sandboxes/spec/asked-change.ts',
];

/** A sandbox in memory and what names it, under the rooms of its life. */
export const SANDBOX = [
  'src/auth/client-limits.ts',
  'src/auth/principal.ts',
  'src/base/sandbox-address.ts',
  'src/sandboxes/spec/folders.ts',
  'src/sandboxes/asked/ref.ts',
  'src/base/sandbox-state.ts',
  'src/sandboxes/registry/leases.ts',
  'src/sandboxes/asked/life-policy.ts',
  'src/sandboxes/registry/sandbox.ts',
  'src/sandboxes/registry/registry.ts',
  'src/sandboxes/registry/catalog.ts',
  'src/sandboxes/spec',
  'src/sandboxes/asked/asked-spec.ts',
  'src/sandboxes/spec/secret-environment.ts',
  'src/sandboxes/storage',
];

/** What is under the core. */
export const GROUND = [
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

/** The server's end of the agent. */
export const AGENT = ['src/agent/wire', 'src/agent/link', 'src/agent/calls'];

/** How a sandbox is used: what processes and files stand on. */
export const USE = [
  'src/sandboxes/spec/folders.ts',
  'src/sandboxes/sandboxes.ts',
  'src/sandboxes/access.ts',
  'src/sandboxes/asked/ref.ts',
  'src/sandboxes/registry/leases.ts',
  'src/sandboxes/metering',
];
