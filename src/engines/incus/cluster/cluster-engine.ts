import { isSandboxError, SandboxError } from '../../../base/errors.ts';
import type { Engine, EngineId, EngineInfo, EngineSandbox, EngineSpec } from '../../engine.ts';
import type { ImageReading } from '../../image-reading.ts';
import { countExecs, startExec } from '../exec.ts';
import { ExecUsers } from '../exec-user.ts';
import { readFacts } from '../facts.ts';
import { ServedImages } from '../image-servers.ts';
import { findImage, readImage } from '../images.ts';
import type { IncusCalls } from '../incus-calls.ts';
import { inspectSandbox, isInstanceName, newInstanceName, pathOf, toSandboxes } from '../instances.ts';
import { KEY } from '../keys.ts';
import { pauseSandbox, removeSandbox, resumeSandbox, stopSandbox } from '../lifecycle.ts';
import { MemoryWatch } from '../memory-watch.ts';
import { Preparations } from '../preparations.ts';
import { readStats } from '../stats.ts';
import { API_PORT } from '../traits.ts';
import { promptFirst } from './ask-any.ts';
import { untilCut } from './cut-exec.ts';
import { Making } from './making.ts';
import type { Member } from './member.ts';
import { Members, type Reach } from './members.ts';
import { PoolRoom } from './pool-room.ts';
import { Roster } from './roster.ts';
import type { InstanceShape } from './shape.ts';
import { ClusterVolumes } from './volumes.ts';

const CALL_TIMEOUT_MS = 30_000;
const INFO_TIMEOUT_MS = 3_000;

const POOLS_FULL =
  'The storage pools of all machines of the Incus cluster are almost full, so no new sandbox is made; the operator must make room. Sandboxes that exist go on.';

/** Where the cluster is, and what of it is the server's. */
export type ClusterOptions = Reach & {
  /** The storage pool of each member that sandboxes are made in. */
  readonly pool: string;
  /** The names of images that the operator lists: those of image servers are loaded. */
  readonly images?: readonly string[];
  /** How long a call may take. Default 30 s. */
  readonly callTimeoutMs?: number;
  /** What sandboxes are. */
  readonly shape: InstanceShape;
};

/** Sandboxes with volumes of Incus, of one machine or of a cluster. Nothing is opened before the first call. */
export function createIncusCluster(options: ClusterOptions): Engine {
  const { pool, shape, images = [], callTimeoutMs = CALL_TIMEOUT_MS } = options;
  const members = new Members({ ...options, timeoutMs: callTimeoutMs });
  const roster = new Roster(members, () => volumes.users());
  const room = new PoolRoom(members, pool);
  const volumes = new ClusterVolumes({ members, pool, choose, pick, mapsUsers: shape.mapsUsers });
  const counters = shape.counters(callsOf);
  const memory = new MemoryWatch(counters);
  const preparations = new Preparations();
  const find = async (name: string) => await members.ask((calls) => findImage(calls, name));
  const chosen = async () => (await choose()).calls;
  const served = new ServedImages({ names: images, type: shape.imageType, find, calls: chosen });
  const making = new Making({ shape, members, volumes, pool, choose, info, preparations });
  const users = new ExecUsers();

  /**
   * The member with the fewest sandboxes, of those that answer, take any and have room for one; for one that waits, that where the
   * fewest do. Throws `no_space` where none of them has room.
   */
  async function choose(isSpare = false): Promise<Member> {
    const able = (await members.all()).filter(({ isAway, isEvacuated }) => !isAway && !isEvacuated);
    const loadOf = ({ name }: Member) => roster.countOn(name) + volumes.countFresh(name);
    const sparesOf = ({ name }: Member) => (isSpare ? volumes.spares.countOn(name) : 0);
    const roomy = [...(await room.among(able))];
    roomy.sort((one, other) => sparesOf(one) - sparesOf(other) || loadOf(one) - loadOf(other));
    const [first] = promptFirst(roomy);
    if (first) return first;
    if (able.length > roomy.length) throw new SandboxError('no_space', POOLS_FULL);
    const sentence = 'No machine of the Incus cluster takes sandboxes at the moment.';
    throw new SandboxError('unavailable', sentence, { retryAfterSeconds: 2 });
  }

  /** That on the member with the fewest sandboxes that have an owner. */
  function pick<Id extends string>(waiting: readonly Id[]): Id | undefined {
    const ownedBeside = (id: Id) => {
      const place = (isInstanceName(id) && roster.knownPlaceOf(id)) || '';
      return roster.countOn(place) + volumes.countFresh(place) - volumes.spares.countOn(place);
    };
    return [...waiting].sort((one, other) => ownedBeside(one) - ownedBeside(other))[0];
  }

  async function memberOf(id: EngineId): Promise<Member> {
    return await members.of(await roster.placeOf(id));
  }

  async function callsOf(id: EngineId): Promise<IncusCalls> {
    return (await memberOf(id)).calls;
  }

  async function info(): Promise<EngineInfo> {
    const timeoutMs = Math.min(INFO_TIMEOUT_MS, callTimeoutMs);
    const { seccomp } = shape;
    const facts = await members.ask((calls) => readFacts(calls, timeoutMs));
    // A machine of its own needs no control groups for its limits.
    const unlimited = shape.traits.hasOwnKernel('') ? [] : facts.unlimited;
    return { ...facts, seccomp, unlimited, limitsSockets: false };
  }

  async function create(spec: EngineSpec): Promise<EngineId> {
    if ((await roster.find(spec.name)) !== null) throw nameTaken(spec.name);
    const id = newInstanceName();
    await served.load(spec.image);
    const { name } = await making.make(id, spec);
    roster.add(id, spec.name, name);
    users.note(id, spec);
    return id;
  }

  async function start(id: EngineId): Promise<void> {
    await members.refresh();
    const { isEvacuated, calls } = await memberOf(id);
    // Its files go to another member with the sandbox that is made in its place.
    if (isEvacuated) throw new SandboxError('conflict', 'The machine of the sandbox is being emptied.');
    if (await shape.start(calls, id)) memory.begin(id);
  }

  async function rename(id: EngineId, name: string): Promise<void> {
    const calls = await callsOf(id);
    if ((await roster.find(name)) !== null) throw nameTaken(name);
    await calls.change(`name the sandbox ${name}`, 'PATCH', pathOf(id), { config: { [KEY.name]: name } });
    roster.rename(id, name);
    volumes.spares.drop(id);
  }

  async function remove(id: EngineId): Promise<void> {
    if (!(await isKnown(id))) return;
    await removeSandbox(await callsOf(id), id);
    forget(id);
  }

  function forget(id: EngineId): void {
    roster.drop(id);
    volumes.spares.drop(id);
    users.forget(id);
    memory.forget(id);
  }

  async function isKnown(id: EngineId): Promise<boolean> {
    return await roster.placeOf(id).then(
      () => true,
      (error: unknown) => {
        if (isSandboxError(error, 'not_found')) return false;
        throw error;
      },
    );
  }

  async function inspect(idOrName: string): Promise<EngineSandbox | null> {
    const id = isInstanceName(idOrName) ? idOrName : await roster.find(idOrName);
    if (id === null || !(await isKnown(id))) return null;
    const found = await inspectSandbox(await callsOf(id), id);
    if (!found) roster.drop(id);
    return found;
  }

  async function files(reading: ImageReading) {
    const id = await create(shape.toReader(reading));
    try {
      await shape.openReader(await callsOf(id), id);
      return await readImage(await callsOf(id), reading, async () => id);
    } finally {
      forget(id);
    }
  }

  return {
    traits: { ...served.toTraits(shape.traits), guardedPorts: portsOf(options) },
    host: null,
    builder: null,
    volumes,
    info,
    readImage: files,
    loadImage: (name) => served.load(name),
    create,
    start,
    stop: async (id, graceSeconds) => {
      await memory.look(id);
      await stopSandbox(await callsOf(id), id, graceSeconds);
    },
    pause: async (id) => await pauseSandbox(await callsOf(id), id),
    resume: async (id) => await resumeSandbox(await callsOf(id), id),
    update: async (id, limits) => {
      const { cpus } = await info();
      const config = shape.toLimits(limits, cpus);
      await (await callsOf(id)).change('change the limits of the sandbox', 'PATCH', pathOf(id), { config });
    },
    remove,
    rename,
    inspect,
    imageId: async (name) => {
      const found = await find(name);
      return found && `sha256:${found.fingerprint}`;
    },
    list: async (labels) => {
      const wanted = Object.entries(labels);
      const found = (await roster.list()).filter(({ name }) => !preparations.has(name));
      return toSandboxes(found).filter((sandbox) => wanted.every(([label, value]) => sandbox.labels[label] === value));
    },
    stats: async (id) => await readStats(await callsOf(id), counters, id),
    ranOutOfMemory: (id, sinceMs, waitMs = 0) => memory.ranOut(id, sinceMs, waitMs),
    exec: async (id, argv) => {
      const calls = await callsOf(id);
      await memory.adopt(id);
      const exec = await startExec(calls, id, shape.toProgram(await users.of(calls, id), argv));
      return untilCut(exec, () => memberOf(id));
    },
    countExecs: async (id, argv) => await countExecs(await callsOf(id), id, argv),
    machines: () => members.states(),
    close: async () => await members.close(),
  };
}

/** Ports at which members may listen that are on this machine too. */
function portsOf(reach: Reach): readonly number[] {
  const urls = 'urls' in reach ? reach.urls : [];
  return [...new Set([API_PORT, ...urls.map((url) => Number(new URL(url).port || 443))])];
}

function nameTaken(name: string): SandboxError {
  return new SandboxError('conflict', `The name ${name} is taken.`);
}
