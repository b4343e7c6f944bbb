import type { Tracing, TracingConfig } from './tracing.ts';

/** Opens what sends traces; null where the configuration names no collector. */
export async function openTracing(
  config: TracingConfig | null,
  version: string,
  onError: (error: unknown) => void,
): Promise<Tracing | null> {
  if (config === null) return null;
  // Its libraries take 40 ms to load.
  const { OtlpTracing } = await import('./otlp-tracing.ts');
  return new OtlpTracing(config, version, onError);
}
