import type { AgentSource } from '../agent/link/source.ts';
import type { AgentCallWatcher } from '../agent/wire/connection.ts';
import { SharedFrameBudget } from '../agent/wire/frame-budget.ts';
import { withDeadline } from '../async/deadline.ts';
import { Semaphore } from '../async/semaphore.ts';
import type { ToldLimits } from '../auth/client-limits.ts';
import { Disks } from '../disks/disks.ts';
import type { Egress } from '../egress/connections/egress.ts';
import type { FirstAnswers } from '../idempotency/first-answers.ts';
import { CoreEvents } from '../observability/core-events.ts';
import { logEvents } from '../observability/event-log.ts';
import type { Population } from '../observability/gauges.ts';
import { AlertWatch } from './alerts/alert-watch.ts';
import { Alerts } from './alerts/alerts.ts';
import { CallsEnd } from './calls-end.ts';
import { Changes } from './changes/changes.ts';
import { Checkpoints } from './checkpoints/checkpoints.ts';
import { DiskCapture } from './checkpoints/disk-capture.ts';
import { Forks } from './checkpoints/forks.ts';
import { Restoring } from './checkpoints/restoring.ts';
import { ContextNotes } from './context-notes.ts';
import { Devices } from './devices.ts';
import { Images } from './images.ts';
import type { SandboxCounts } from './info.ts';
import { Evictor } from './lifecycle/evictor.ts';
import { Freezer } from './lifecycle/freezer.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import { Provisioner } from './lifecycle/provisioner.ts';
import { Suspension } from './lifecycle/suspension.ts';
import { Listing } from './listing.ts';
import { MainNotes } from './main-notes.ts';
import { DiskMeter } from './metering/disk-meter.ts';
import { Guards } from './metering/guards.ts';
import { KeyDisk } from './metering/key-disk.ts';
import { Sampler } from './metering/sampler.ts';
import { UsageHistory } from './metering/usage-history.ts';
import { UsageMeter } from './metering/usage-meter.ts';
import { WorkMeter } from './metering/work-meter.ts';
import { Networks } from './networks.ts';
import { type OpeningParts, openFolder } from './opening.ts';
import { Capacity } from './placement/capacity.ts';
import { Pool } from './placement/pool.ts';
import { countPopulation } from './population.ts';
import { PortNotes } from './port-notes.ts';
import { Catalog } from './registry/catalog.ts';
import { Registry } from './registry/registry.ts';
import { SandboxLogs } from './sandbox-logs.ts';
import { Sandboxes } from './sandboxes.ts';
import { SecretKeeper } from './secrets/secret-keeper.ts';
import { Secrets } from './secrets.ts';
import { Settings } from './settings.ts';
import { Snapshots } from './snapshots.ts';
import type { ImagePrograms } from './spec/image-programs.ts';
import type { ServerSecret } from './storage/server-secret.ts';
import { SandboxStore } from './storage/store.ts';
import { Tenancies } from './tenancies.ts';
import { Upkeep } from './upkeep/upkeep.ts';
import { UsageReporter } from './usage-report.ts';
import { SandboxUsers } from './users/sandbox-users.ts';
import type { UsingParts } from './using.ts';
import { Attachments } from './volumes/attachments.ts';
import { Volumes } from './volumes/volumes.ts';

/** Sandboxes that start at the same time; one slow start still leaves places for the others. */
const STARTS_AT_A_TIME = 6;

/** How long a close may wait for the passes over all sandboxes that are under way, in milliseconds. */
const CLOSE_PASSES_MS = 3_000;

/** How long the end of a server may wait for its pool, in milliseconds. */
const DRAIN_MS = 5_000;

/** What the core is composed of. */
export interface CoreParts extends Omit<OpeningParts, 'users' | 'store' | 'disks'> {
  readonly agentSource: AgentSource;
  readonly egress: Egress;
  /** Told of each call to an agent; absent where nobody traces them. */
  readonly onAgentCall?: AgentCallWatcher | undefined;
  readonly imagePrograms: ImagePrograms;
  readonly readyMs?: UsingParts['readyMs'];
  /** What gateways say that their clients may have. */
  readonly toldLimits: ToldLimits;
}

/** The life of all sandboxes: what dialects use of it, and its beginning and end. */
export interface SandboxCore {
  readonly sandboxes: Sandboxes;
  /** The identity of the data folder. */
  readonly instance: string;
  readonly listing: Listing;
  readonly secret: ServerSecret;
  readonly answers: FirstAnswers;
  readonly settings: Settings;
  readonly tenancies: Tenancies;
  readonly images: Images;
  readonly devices: Devices;
  readonly contextNotes: ContextNotes;
  readonly portNotes: PortNotes;
  readonly mainNotes: MainNotes;
  readonly logs: SandboxLogs;
  readonly alerts: Alerts;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly secrets: Secrets;
  readonly usage: UsageReporter;
  readonly checkpoints: Checkpoints;
  readonly restoring: Restoring;
  readonly forks: Forks;
  readonly snapshots: Snapshots;
  counts(): SandboxCounts;
  /** Where the core says what happens. */
  readonly events: CoreEvents;
  /** What all sandboxes that run take. */
  readonly sampler: Sampler;
  /** What is known of all sandboxes together. */
  population(): Promise<Population>;
  /** What the operator should mend, a sentence each. */
  warnings(): readonly string[];
  /** Takes over what runs, then fills the pool and looks after all. */
  start(): Promise<void>;
  /** Makes all calls that are under way end at once, and refuses others. */
  endCalls(): void;
  /** Drains the pool and lets go of all agents; the other sandboxes run on. */
  close(): Promise<void>;
}

/** Opens the data folder, checks the engine and composes what sandboxes live by. */
export async function openCore(outer: CoreParts): Promise<SandboxCore> {
  const { engine, config, clock, logger, onError } = outer;
  const disks = new Disks({ config, volumes: engine.volumes, logger, onError });
  const users = new SandboxUsers(engine, config);
  const store = new SandboxStore(config.dataDir, disks, users, onError);
  const { instance, secret, answers } = await openFolder({ ...outer, users, store, disks });

  const capacity = new Capacity(config.maxSandboxes);
  const starts = new Semaphore(STARTS_AT_A_TIME);
  const events = new CoreEvents(onError);
  logEvents(events, logger);
  const registry = new Registry(store, clock, events);
  const catalog = new Catalog(store);
  const frames = new SharedFrameBudget();
  const volumeBytesOf = async (keyName: string): Promise<number> => await volumes.takenBytes(keyName);
  const keyDisk = new KeyDisk({ ...outer, disks, catalog, registry, store, volumeBytesOf });
  const base = {
    ...{ ...outer, keyDisk, answers, disks, users, store, instance },
    ...{ capacity, starts, registry, catalog, frames, events },
    secrets: new SecretKeeper({ ...outer, store, users, secret }),
  };
  const volumes = new Volumes(base);
  const attachments = new Attachments({ ...base, volumes });
  const pool = new Pool(base);
  const lifecycle = new Lifecycle({ ...base, pool, attachments });
  const freezer = new Freezer({ ...base, lifecycle });
  const workMeter = new WorkMeter(clock);
  const evictor = new Evictor({ ...base, pool, lifecycle, workMeter });
  const provisioner = new Provisioner({ ...base, pool, lifecycle, evictor });
  const diskMeter = new DiskMeter(base);
  const usageMeter = new UsageMeter(engine, clock);
  const all = { sandboxes: () => registry.all() };
  const guards = new Guards({ ...base, ...all, stop: (sandbox) => lifecycle.stop(sandbox, 'limit', 0) });
  const sampler = new Sampler({ config, clock, diskMeter, usageMeter, ...all });
  const usageHistory = new UsageHistory({ clock, diskMeter, usageMeter, ...all });
  const suspension = new Suspension({ clock, store, lifecycle });
  const upkept = {
    ...{ attachments, usageHistory, pool, lifecycle, freezer, suspension },
    ...{ provisioner, evictor, workMeter, sampler },
  };
  const upkeep = new Upkeep({ ...base, ...upkept });

  const ending = new CallsEnd(() => registry.all());
  const counts = () => {
    const active = [...registry.all()].filter((sandbox) => sandbox.hasSlot).length;
    return { active, pooled: pool.size, max: capacity.max };
  };
  const drain = async () => {
    await pool.close();
    await upkeep.finish();
  };
  const use = { ...base, lifecycle, suspension, provisioner, diskMeter, usageMeter, workMeter, ending: ending.signal };
  const changes = new Changes(use);
  const capture = new DiskCapture({ disks, freezer, keyDisk });
  const alerts = new Alerts({ ...use, changes });
  const alertWatch = new AlertWatch({ ...use, alerts, onError });
  sampler.onMeasured = (sandbox, used, disk) => alertWatch.look(sandbox, used, disk);
  const checkpoints = new Checkpoints({ ...use, changes, capture });
  const forks = new Forks({ ...use, changes, capture, checkpoints });
  return {
    sandboxes: new Sandboxes({ ...use, changes }),
    instance,
    listing: new Listing(use),
    secret,
    answers,
    images: new Images(use),
    devices: new Devices(use),
    settings: new Settings({ ...use, changes }),
    tenancies: new Tenancies({ ...use, changes, usageHistory }),
    contextNotes: new ContextNotes({ ...use, changes }),
    portNotes: new PortNotes({ ...use, changes }),
    mainNotes: new MainNotes({ ...use, changes }),
    logs: new SandboxLogs({ ...use, changes }),
    alerts,
    volumes,
    networks: new Networks({ ...use, changes }),
    secrets: new Secrets({ ...use, changes, keeper: base.secrets }),
    usage: new UsageReporter({ ...use, changes }),
    checkpoints,
    restoring: new Restoring({ ...use, changes, capture, checkpoints }),
    forks,
    snapshots: new Snapshots({ ...use, changes, forks }),
    counts,
    events,
    sampler,
    population: () => countPopulation(catalog, registry, counts()),
    warnings: () => upkeep.warnings,
    start: async () => {
      await volumes.open();
      await provisioner.countByPrincipal();
      await upkeep.start();
      guards.open();
    },
    endCalls: () => ending.raise(),
    close: async () => {
      await withDeadline(upkeep.close(), CLOSE_PASSES_MS, 'The engine is slow: a pass is not over.').catch(onError);
      ending.raise();
      await withDeadline(drain(), DRAIN_MS, 'The engine is slow: the pool is not drained.').catch(onError);
      await diskMeter.close();
      await guards.close();
      await store.close();
      await disks.reserve.close();
    },
  };
}
