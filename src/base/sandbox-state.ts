/** The states of a sandbox. `absent`: it was never created, or was deleted; its files may be there. */
export const SANDBOX_STATES = ['absent', 'creating', 'running', 'paused', 'stopped'] as const;

/** One of these states. */
export type SandboxState = (typeof SANDBOX_STATES)[number];

/** The only changes of state that there are. */
const TRANSITIONS: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  absent: ['creating', 'running', 'paused', 'stopped'],
  creating: ['running', 'stopped', 'absent'],
  running: ['paused', 'stopped', 'absent'],
  paused: ['running', 'stopped', 'absent'],
  stopped: ['creating', 'running', 'paused', 'absent'],
};

/** True where a sandbox may go from one state to the other; staying is always allowed. */
export function canTransition(from: SandboxState, to: SandboxState): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}
