/** Time, so that tests can bring their own. */
export interface Clock {
  /** Milliseconds since 1970; may jump when somebody sets the machine's clock. */
  wallMs(): number;
  /** Milliseconds since some moment; never jumps. */
  monotonicMs(): number;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
