/** A daemon of the cluster. */
export interface TestMember {
  readonly name: string;
  readonly url: string;
  /** Where it listens for this machine alone. */
  readonly socketPath: string;
  /** Ends it at once, as a machine that loses its power; its containers run on. */
  kill(): Promise<void>;
  /** Asks it to end, as a restart of the service does, and waits until it has; its containers run on. */
  end(): Promise<void>;
  /** Lets it answer nobody, as a machine that hangs, or go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again. */
  start(): Promise<void>;
}
