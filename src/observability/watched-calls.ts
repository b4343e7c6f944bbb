/** Told of a call that begins; what it returns is told of its end, with what it failed with or undefined. */
export type CallWatcher = (call: string) => (failure: { readonly cause: unknown } | undefined) => void;

/** The same object, whose asynchronous methods are watched until what they promise is there. */
export function watchCalls<T extends object>(target: T, watch: CallWatcher): T {
  return new Proxy(target, {
    get(object, name) {
      const method: unknown = Reflect.get(object, name, object);
      if (typeof method !== 'function' || typeof name !== 'string') return method;
      return (...args: unknown[]) => {
        const end = watch(name);
        const result: unknown = Reflect.apply(method, object, args);
        if (!(result instanceof Promise)) return result;
        result.then(
          () => end(undefined),
          (cause: unknown) => end({ cause }),
        );
        return result;
      };
    },
  });
}
