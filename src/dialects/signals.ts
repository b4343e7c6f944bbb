import { constants } from 'node:os';

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

/** The number of a signal on Linux, by its name with or without SIG, or by its number; undefined where there is none of that name. */
export function toSignalNumber(signal: string | number): number | undefined {
  if (typeof signal === 'number') return signal;
  const name = signal.toUpperCase();
  return NUMBERS.get(name.startsWith('SIG') ? name : `SIG${name}`);
}
