import { print } from './terminal.mjs';

/**
 * Does one stage of the preparation and prints one line for it, with its duration.
 * @template T
 * @param {string} title what is being done
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function stage(title, work) {
  const startedAt = performance.now();
  print(`▸ ${title} …`);
  const result = await work();
  print(`  done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}
