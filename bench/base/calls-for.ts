/** All callers call again as soon as they are answered, until the time is over; what is under way then counts, and its time. */
export async function callsFor(
  seconds: number,
  callers: number,
  call: (caller: number) => Promise<unknown>,
): Promise<{ readonly calls: number; readonly rate: number }> {
  const startedAt = performance.now();
  let calls = 0;
  const work = async (caller: number): Promise<void> => {
    while (performance.now() < startedAt + seconds * 1000) {
      await call(caller);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)));
  return { calls, rate: calls / ((performance.now() - startedAt) / 1000) };
}
