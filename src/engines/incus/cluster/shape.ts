import type { EngineId, EngineInfo, EngineLimits, EngineSpec, EngineTraits } from '../../engine.ts';
import type { ImageReading } from '../../image-reading.ts';
import type { ControlGroups } from '../control-groups.ts';
import type { Program } from '../exec.ts';
import type { ExecUser } from '../exec-user.ts';
import type { ImageGround } from '../image-grounds.ts';
import type { IncusCalls } from '../incus-calls.ts';
import type { Preparing } from '../prepared-images.ts';
import type { CopiedFile, Place } from './start-script.ts';

/** What is known of the member, and of what a sandbox brings along. */
export interface MadeOf extends ImageGround {
  readonly pool: string;
  readonly cpus: number;
  /** Folders of volumes, by volume. */
  readonly volumes: ReadonlyMap<string, readonly Place[]>;
  /** Files of this machine, which members do not have. */
  readonly files: readonly CopiedFile[];
}

/** What sandboxes are made of, by their images. */
interface Grounds {
  of(spec: Pick<EngineSpec, 'image' | 'labels'>): Promise<ImageGround>;
  /** Forgets what is gone from Incus; absent where nothing is remembered. */
  forget?(ground: ImageGround): void;
}

/** What sandboxes on members are, containers or virtual machines: how they are made, come to run and start programs. */
export interface InstanceShape {
  readonly traits: EngineTraits;
  /** Which images of an image server they are made of. */
  readonly imageType: 'container' | 'virtual-machine';
  /** True where users inside are others outside, so that volumes are to show their own. */
  readonly mapsUsers: boolean;
  /** The filters of system calls that it can have; null where it has a kernel of its own. */
  readonly seccomp: EngineInfo['seccomp'];
  /** Finds what sandboxes are made of, of images of this kind alone; throws `invalid` with a sentence for others. */
  grounds(preparing: Preparing): Grounds;
  /** Incus' form of a spec; throws `invalid` for what Incus cannot give. */
  bodyOf(id: EngineId, spec: EngineSpec, made: MadeOf): object;
  /** Makes the places, in one that was made and never ran, at which it is to have something and of which its image may have none; removes it where that fails. */
  makePlaces(calls: IncusCalls, id: EngineId, paths: readonly string[]): Promise<void>;
  /** What holds memory and CPU, on a machine with N CPUs. */
  toLimits(limits: EngineLimits, hostCpus: number): Readonly<Record<string, string>>;
  /** What counts what is used, and what memory has taken. */
  counters(callsOf: (id: EngineId) => Promise<IncusCalls>): Pick<ControlGroups, 'outOfMemoryCount' | 'stats'>;
  /** Starts it and resolves once programs can be started in it; false where it runs already. Throws `conflict` where it is paused. */
  start(calls: IncusCalls, id: EngineId): Promise<boolean>;
  /** How Incus starts a program of the sandbox's user. */
  toProgram(user: ExecUser, argv: readonly string[]): Program;
  /** An instance that only lends its files, and runs nothing. */
  toReader(reading: ImageReading): EngineSpec;
  /** Brings such an instance to where its files can be read. */
  openReader(calls: IncusCalls, id: EngineId): Promise<void>;
}
