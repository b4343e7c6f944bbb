/** What one sandbox has used of the way out since it was started, as far as it is known at this moment. */
export interface EgressCounters {
  /** Connections that were made. */
  allowed: number;
  /** Connections that the policy or a limit did not let be made. */
  refused: number;
  /** Connections that were permitted and did not come about. */
  failed: number;
  /** Connections that are being made or carry bytes now. */
  open: number;
  /** Bytes from the sandbox, and to it. */
  sentBytes: number;
  receivedBytes: number;
}

/** Counters at zero. */
export function newCounters(): EgressCounters {
  return { allowed: 0, refused: 0, failed: 0, open: 0, sentBytes: 0, receivedBytes: 0 };
}
