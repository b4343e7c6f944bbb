/** Lets N ms pass, between two looks at a condition. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Looks until the condition holds; throws with this sentence when it does not within the time. */
export async function until(
  condition: () => Promise<boolean>,
  sentence: string,
  timeoutMs = 60_000,
  everyMs = 50,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(sentence);
    await pause(everyMs);
  }
}
