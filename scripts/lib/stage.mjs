/**
 * Does one stage of the preparation and prints one line for it, with its duration.
 * @template T
 * @param {string} title what is being done
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function stage(title, work) {
  const startedAt = performance.now();
  console.log(`▸ ${title} …`);
  const result = await work();
  console.log(`  done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return result;
}
