/** Told of each call: its name, how long it took and whether it failed. */
interface CallMeter {
  noteEngineCall(call: string, seconds: number, isFailed: boolean): void;
}

/** The same engine, whose calls are measured until what they promise is there. */
export function measureEngine<T extends object>(engine: T, meter: CallMeter): T {
  return new Proxy(engine, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function' || typeof name !== 'string') return method;
      return (...args: unknown[]) => {
        const startedAtMs = performance.now();
        const result: unknown = Reflect.apply(method, target, args);
        if (!(result instanceof Promise)) return result;
        const note = (isFailed: boolean) =>
          meter.noteEngineCall(name, (performance.now() - startedAtMs) / 1000, isFailed);
        result.then(
          () => note(false),
          () => note(true),
        );
        return result;
      };
    },
  });
}
