import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** Fewer samples, for a look; the figures of record come from a full run. */
  readonly isQuick: boolean;
  /** Ids of the families to measure; all where it is empty. */
  readonly only: readonly string[];
  /** Where the JSON goes. */
  readonly json: string;
}

/** Reads the command line; throws on what it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string', default: new URL('../results/latest.json', import.meta.url).pathname },
    },
  });
  return { isQuick: values.quick, only: values.only.flatMap((ids) => ids.split(',')), json: values.json };
}
