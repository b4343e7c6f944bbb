import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';

/** How many bytes may pass in buffers of their own before those are freed. */
const PORTION_BYTES = 8 * 2 ** 20;

const collector = z.custom<(options: { readonly type: 'minor' }) => void>((value) => typeof value === 'function');

/** Has V8 free what is young and used no longer, in about a millisecond. */
export type CollectYoung = () => void;

/** Gets that from V8, by a flag of the whole process that is set for a moment: for the process's own main module to call. */
export function exposeYoungCollection(): CollectYoung {
  setFlagsFromString('--expose-gc');
  const collect = collector.parse(runInNewContext('gc'));
  setFlagsFromString('--no-expose-gc');
  return () => collect({ type: 'minor' });
}

/**
 * Takes note of bytes that have passed through short-lived buffers, and has V8 free those every 8 MiB. By itself V8 lets 32 MiB of
 * them gather, whatever the size of its heap.
 */
export function limitYoungGarbage(collect: CollectYoung): (bytes: number) => void {
  let passedBytes = 0;
  return (bytes) => {
    passedBytes += bytes;
    if (passedBytes < PORTION_BYTES) return;
    passedBytes = 0;
    collect();
  };
}
