import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { EngineVolumes, MountSource } from './engine-volumes.ts';
import type { EngineFile, ImageReading } from './image-reading.ts';

/** The engine's own handle of a sandbox, stable for the sandbox's life in the engine (Docker: 64 hex digits; Incus: the instance's name). */
export type EngineId = string & { readonly __brand: 'EngineId' };

/** What runs sandboxes, as clients are told. */
export type EngineKind = 'docker' | 'incus' | 'incus-vm';

/** The twelve hex digits by which clients know a sandbox of the engine: the first of its id, or of the id's SHA-256 where that is a name. */
export function toContainerId(id: string): string {
  const digits = /^[0-9a-f]{64}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
  return digits.slice(0, 12);
}

/** A user and a group by their numbers. */
export interface EngineUser {
  readonly uid: number;
  readonly gid: number;
}

interface EngineMount {
  /** An engine without folders of this machine takes volumes, and copies what is read-only when it makes the sandbox. */
  readonly source: MountSource;
  /** Absolute path in the sandbox. */
  readonly target: string;
  readonly isReadOnly?: boolean;
}

/** A folder in memory, by its path in the sandbox. */
export interface EngineTmpfs {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: number;
}

/**
 * `none`: no network card. `bridge`: a network of that name with this one member, made and removed with it, on a small subnet of the
 * pool (an IPv4 range); names are looked up at these servers.
 */
export type EngineNetwork =
  | { readonly mode: 'none' }
  | { readonly mode: 'bridge'; readonly name: string; readonly pool: string; readonly nameservers: readonly string[] };

/** Which system calls code may make: `strict`, those of this project's own list; `engine`, those that the engine lets through by default. */
export type SystemCallFilter = 'strict' | 'engine';

/** Everything an engine needs to make a sandbox; all hardening that is not listed here is the engine's duty and always on. */
export interface EngineSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly user: EngineUser;
  /** Groups that its user is in besides; none where absent. */
  readonly groups?: readonly number[];
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pidsLimit: number;
  /** Devices for computing: `all`, how many, or their ids with commas between; none where absent, and only where its info says so. */
  readonly gpus?: string;
  readonly mounts: readonly EngineMount[];
  readonly tmpfs: readonly EngineTmpfs[];
  readonly network: EngineNetwork;
  /** The engine's runtime: `runc`, `runsc`, …; means nothing where an engine has one way to run sandboxes. */
  readonly runtime: string;
  readonly seccomp: SystemCallFilter;
}

/** What of a spec can change while a sandbox runs. */
export type EngineLimits = Pick<EngineSpec, 'memoryBytes' | 'cpus'>;

/** The states of a sandbox that an engine tells apart. */
export type EngineState = 'created' | 'running' | 'paused' | 'stopped';

/** What an engine knows of a sandbox. */
export interface EngineSandbox {
  readonly id: EngineId;
  readonly name: string;
  readonly state: EngineState;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  /** True where it is stopped and its last run was ended from outside, as by the kernel for want of memory; absent where the engine does not tell. */
  readonly wasKilled?: boolean;
  /** Which paths of the machine are bound where inside, by the latter; absent where the engine does not tell. */
  readonly bound?: Readonly<Record<string, string>>;
}

/** What a sandbox takes now. */
export interface EngineStats {
  /** Without file cache that the kernel would give back. */
  readonly memoryBytes: number;
  /** That cache; 0 where nobody tells. */
  readonly cacheBytes: number;
  /** CPU time used since the sandbox started, in nanoseconds. */
  readonly cpuNanos: number;
  /** How many it has, or their threads; 0 where nobody counts. */
  readonly processes: number;
}

/** What an engine says of itself and its machine. */
export interface EngineInfo {
  readonly version: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Those that a spec may name; none where there is no choice. */
  readonly runtimes: readonly string[];
  /** True where it gives sandboxes devices for computing. */
  readonly hasGpus: boolean;
  /** The filters of system calls that it can hold; null where sandboxes need none, as the kernel that they call is their own. */
  readonly seccomp: readonly SystemCallFilter[] | null;
  /** True where its users of sandboxes are others on this machine, or none of it, so that inside there are not more than 65,536 as a rule. */
  readonly mapsUsers: boolean;
  /** What a spec limits and the engine does not, such as `memory`: the kernel lacks it, or the engine may not use it. */
  readonly unlimited: readonly string[];
  /** Whether what waits in the sockets of a sandbox is limited; else the machine's limits are all there is. */
  readonly limitsSockets: boolean;
}

/** What holds for an engine whatever state it is in. */
export interface EngineTraits {
  readonly kind: EngineKind;
  /** As sentences name it: "Docker". */
  readonly label: string;
  /** True where sandboxes bind folders of the machine that this process runs on. */
  readonly sharesHostFiles: boolean;
  /** True where a sandbox can be frozen as it is. */
  readonly canPause: boolean;
  /** True where a sandbox can have the network `bridge`. */
  readonly canBridge: boolean;
  /** How an operator brings it the image of new sandboxes, the variable that names it, and which it loads itself. */
  readonly images: { readonly advice: string; readonly variable: string; isServed(name: string): boolean };
  /** TCP ports at which the engine may listen on its machine, and which no sandbox is to reach there. */
  readonly guardedPorts: readonly number[];
  /** True where sandboxes of that runtime have a kernel of their own, which is inside their memory limit and ends with it. */
  hasOwnKernel(runtime: string): boolean;
  /** True where the limits of a sandbox of that runtime can change while it runs. */
  canUpdateLimits(runtime: string): boolean;
}

/** What an engine does that runs on this machine. */
interface EngineHost {
  /** Who a sandbox's user is on this machine, so that a folder can be given to it; `invalid` where this process cannot know. */
  userOf(user: EngineUser): Promise<EngineUser>;
  /** Closes this machine to sandboxes with network `bridge`; null where that is done, else the reason why it cannot be. */
  closeToBridges(): Promise<string | null>;
}

/** An image that is to be built. */
export interface ImageBuild {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A tar archive with all that is needed. */
  readonly context: AsyncIterable<Buffer>;
  /** The name of the Dockerfile in it. */
  readonly dockerfile: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** What of an engine makes images, from those that it has and without a network. */
export interface ImageBuilder {
  /** Throws `invalid` with the last that the build said where it fails, `timeout` after the deadline, and what the context throws. */
  build(build: ImageBuild, deadlineMs: number): Promise<void>;
  /** The names of images that carry all these labels. */
  built(labels: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** Succeeds where there is none; `conflict` where a sandbox is made of it. */
  removeImage(name: string): Promise<void>;
}

/** A program that runs in a sandbox with its stdin and stdout attached. */
export interface EngineExec {
  /**
   * Writes go to its stdin, reads come from its stdout. Destroying it ends its stdin and reads no more: what it goes on writing waits, in
   * the program, until that has ended or the stream is abandoned. More than 1 MiB on its stderr destroys it.
   */
  readonly stream: Duplex;
  /** Resolves once the engine has closed the stream, as it does where the program has ended. */
  readonly closed: Promise<void>;
  /** True where the stream was destroyed and the program has more to write than is still read. */
  isHeldBack(): boolean;
  /** Lets go of a stream that was destroyed: the engine carries and throws away what a program writes that has not ended. */
  abandon(): void;
  /** The last 4 KiB of what it wrote to stderr so far. */
  stderr(): string;
  /** Calls back whenever more comes on its stderr. */
  onStderr(listener: () => void): void;
  /** Its exit code; null while it runs. */
  exitCode(): Promise<number | null>;
}

/** One of the machines that run sandboxes together. */
export interface EngineMachine {
  readonly name: string;
  readonly answers: boolean;
}

/**
 * What runs sandboxes. Each call has a deadline of its own and throws a SandboxError: `not_found` (no such sandbox),
 * `conflict` (name taken, wrong state), `invalid` (no such image, no such program), `timeout`, `unavailable` (the engine does not answer).
 */
export interface Engine {
  readonly traits: EngineTraits;
  /** Null where it runs elsewhere. */
  readonly host: EngineHost | null;
  /** Null where it builds no images. */
  readonly builder: ImageBuilder | null;
  /** Null where sandboxes bind folders of this machine. */
  readonly volumes: EngineVolumes | null;
  info(): Promise<EngineInfo>;
  /** The regular files at these paths, symbolic links followed; `invalid` where the image is not there. */
  readImage(reading: ImageReading): Promise<ReadonlyMap<string, EngineFile>>;
  /** Has an image that it loads itself brought here, where it is not yet; nothing is done for any other. */
  loadImage(name: string): Promise<void>;
  create(spec: EngineSpec): Promise<EngineId>;
  /** Succeeds where it already runs. */
  start(id: EngineId): Promise<void>;
  /** Ends all processes, with SIGKILL after the grace; succeeds where it is stopped already. */
  stop(id: EngineId, graceSeconds: number): Promise<void>;
  pause(id: EngineId): Promise<void>;
  resume(id: EngineId): Promise<void>;
  /** Gives one that runs, or is paused, other limits at once; `invalid` where the engine cannot. It has no less memory than before. */
  update(id: EngineId, limits: EngineLimits): Promise<void>;
  /** Removes it, running or not; succeeds where it is absent. */
  remove(id: EngineId): Promise<void>;
  rename(id: EngineId, name: string): Promise<void>;
  /** Takes an id or a name; null where there is none. */
  inspect(idOrName: string): Promise<EngineSandbox | null>;
  /** What the image of that name is at the moment: another after it was built or pulled anew; null where there is none. */
  imageId(name: string): Promise<string | null>;
  /** All sandboxes, in any state, that carry all these labels. */
  list(labels: Readonly<Record<string, string>>): Promise<readonly EngineSandbox[]>;
  stats(id: EngineId): Promise<EngineStats>;
  /**
   * True where memory ran out in it after a moment on the clock of `performance.now()`, and took something of it; it may have ended of
   * that. An engine may hear of it late: the answer waits `waitMs` for that before it is false.
   */
  ranOutOfMemory(id: EngineId, sinceMs: number, waitMs?: number): Promise<boolean>;
  /** Runs argv (no shell) as the sandbox's user; a program that is not there is seen in the exit code (126 or 127). */
  exec(id: EngineId, argv: readonly string[]): Promise<EngineExec>;
  /** How many programs that `exec` has started run in it, whoever started them, with these first arguments. */
  countExecs(id: EngineId, argv: readonly string[]): Promise<number>;
  /** The machines of its cluster, and whether each of them answers; none where it is no cluster. */
  machines(): Promise<readonly EngineMachine[]>;
  /** Gives up sockets and timers; sandboxes go on. */
  close(): Promise<void>;
}
