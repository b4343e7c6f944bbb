/** How long each step of a connection may take, in milliseconds. */
export interface EgressDeadlines {
  /** To look a name up. */
  readonly resolveMs: number;
  /** To connect to one address, and to try all that a name has. */
  readonly addressMs: number;
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/** How long connections of sandboxes may take, unless a test says otherwise. */
export const EGRESS_DEADLINES: EgressDeadlines = {
  resolveMs: 8_000,
  addressMs: 6_000,
  connectMs: 15_000,
  idleMs: 300_000,
};
