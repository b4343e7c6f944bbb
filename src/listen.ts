import type { FastifyInstance } from 'fastify';
import { type Config, ConfigError } from './config/config.ts';
import { explainExposure } from './exposure.ts';

/**
 * Listens where the configuration says, and warns in the log where other machines can overhear it. Where it cannot listen, closes the
 * app and throws a ConfigError that names the variable.
 */
export async function listen(
  app: FastifyInstance,
  { host, port, publishAddress }: Pick<Config, 'host' | 'port' | 'publishAddress'>,
): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if (cause instanceof ConfigError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new ConfigError(toSentence(code, host, port), { cause });
  }
  const listening = app.addresses().flatMap((address) => (typeof address === 'object' ? [address] : []));
  const exposure = explainExposure(listening, publishAddress);
  if (exposure !== null) app.log.warn(exposure);
}

function toSentence(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `SANDBOX_API_PORT is ${port}, where another program listens already; set it to a free port.`;
    case 'EACCES':
      return `SANDBOX_API_PORT is ${port}, where the system lets only other users listen; set it to 1024 or more.`;
    default:
      return `SANDBOX_API_HOST is ${host}, which is no address of this machine (${code}); 0.0.0.0 means all that it has.`;
  }
}
