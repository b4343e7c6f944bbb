import { constants } from 'node:os';

/** Signals by name without SIG, as Linux numbers them. */
export const SIGNALS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(constants.signals).map(([name, number]) => [name.replace(/^SIG/, ''), number]),
);
