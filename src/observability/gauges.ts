import { Gauge, type Registry } from 'prom-client';
import type { MachineFigures } from '../machine/machine-load.ts';

/** What is known of all sandboxes together when somebody asks. */
export interface Population {
  /** Those with a record that were not deleted, by state. */
  readonly byState: Readonly<Record<string, number>>;
  /** That hold a place under the cap, and the cap. */
  readonly active: number;
  readonly max: number;
  /** Started, and waiting for a user. */
  readonly pooled: number;
  /** What holds sandboxes awake, by kind. */
  readonly leases: Readonly<Record<string, number>>;
}

/** What running sandboxes take, all together, as it was measured last. */
export interface Figures {
  readonly containers: number;
  /** 100 is one CPU in full use; of the sandbox that takes the most. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly diskBytes: number;
  /** Of the one that was made first. */
  readonly uptimeSeconds: number;
}

/** Makes the gauges of all sandboxes together; what it returns asks for their values, once for all of them. */
export function registerPopulation(registry: Registry, population: () => Promise<Population>): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const total = gauge('sandboxes_total', 'Sandboxes that were not deleted.');
  const active = gauge('sandboxes_active', 'Sandboxes that hold a place.');
  const idle = gauge('sandboxes_idle', 'Sandboxes of the pool.');
  const max = gauge('clara_sandboxes_max', 'SANDBOX_MAX_CONTAINERS.');
  const leases = gauge('clara_leases', 'What holds sandboxes awake.', ['kind']);
  const byState = gauge('clara_sandboxes', 'Sandboxes that were not deleted.', ['state']);
  return async () => {
    const now = await population();
    total.set(Object.values(now.byState).reduce((sum, count) => sum + count, 0));
    active.set(now.active);
    idle.set(now.pooled);
    max.set(now.max);
    for (const [state, count] of Object.entries(now.byState)) byState.set({ state }, count);
    for (const [kind, count] of Object.entries(now.leases)) leases.set({ kind }, count);
  };
}

type FigureGauge = readonly [name: string, help: string, read: (figures: Figures) => number];

/** Of all sandboxes together and of each. */
const FIGURES: readonly FigureGauge[] = [
  ['sandbox_cpu_usage_percent', 'CPU of the sandbox that takes the most; 100 is one.', ({ cpuPercent }) => cpuPercent],
  ['sandbox_memory_usage_bytes', 'Memory of all that run.', ({ memoryBytes }) => memoryBytes],
  ['sandbox_network_rx_bytes', 'Received by all that run, since their start.', ({ receivedBytes }) => receivedBytes],
  ['sandbox_network_tx_bytes', 'Sent by all that run, since their start.', ({ sentBytes }) => sentBytes],
  ['sandbox_disk_usage_bytes', 'On the disks of all that run.', ({ diskBytes }) => diskBytes],
  ['sandbox_uptime_seconds', 'Since the first of them was made.', ({ uptimeSeconds }) => uptimeSeconds],
];

/** What was measured last of sandboxes and of the machine. */
export interface MeasuredFigures {
  readonly last: Figures;
  /** Of single sandboxes, by what names them in metrics. */
  readonly each: ReadonlyMap<string, Figures>;
  readonly machine: MachineFigures;
}

/** The names that clients of another API know. */
export function registerFigures(registry: Registry, measured: MeasuredFigures): void {
  const registers = [registry];
  for (const [name, help, read] of FIGURES) {
    new Gauge({
      ...{ name, help, registers, labelNames: ['container_id'] },
      collect() {
        // Those that are gone must not be shown for ever.
        this.reset();
        this.set(read(measured.last));
        for (const [container_id, figures] of measured.each) this.set({ container_id }, read(figures));
      },
    });
  }
  const singles: readonly (readonly [name: string, help: string, read: () => number])[] = [
    ['sandbox_container_count', 'Sandboxes that run.', () => measured.last.containers],
    ['system_cpu_usage_percent', 'CPU of this machine in use, of all of it.', () => measured.machine.cpuPercent],
    ['system_memory_usage_percent', 'Memory of this machine in use.', () => measured.machine.memoryPercent],
    ['system_disk_usage_percent', 'Of the disk with the data folder in use.', () => measured.machine.diskPercent],
  ];
  for (const [name, help, read] of singles) {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });
  }
}
