import { Gauge, type Registry } from 'prom-client';

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

/** The names that clients of another API know. */
export function registerFigures(registry: Registry, last: () => Figures): void {
  const gauges: readonly (readonly [name: string, help: string, read: (figures: Figures) => number])[] = [
    ['sandbox_container_count', 'Sandboxes that run.', ({ containers }) => containers],
    [
      'sandbox_cpu_usage_percent',
      'CPU of the sandbox that takes the most; 100 is one.',
      ({ cpuPercent }) => cpuPercent,
    ],
    ['sandbox_memory_usage_bytes', 'Memory of all that run.', ({ memoryBytes }) => memoryBytes],
    ['sandbox_network_rx_bytes', 'Received by all that run, since their start.', ({ receivedBytes }) => receivedBytes],
    ['sandbox_network_tx_bytes', 'Sent by all that run, since their start.', ({ sentBytes }) => sentBytes],
    ['sandbox_disk_usage_bytes', 'On the disks of all that run.', ({ diskBytes }) => diskBytes],
    ['sandbox_uptime_seconds', 'Since the first of them was made.', ({ uptimeSeconds }) => uptimeSeconds],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read(last()));
      },
    });
  }
}
