import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { isSandboxError } from './base/errors.ts';
import { createLogger } from './base/log.ts';
import { ConfigError, loadSettings } from './config/config.ts';
import { listen } from './listen.ts';
import { startServer } from './start.ts';

/** After so long a shutdown that hangs is given up, in milliseconds: a close ends its calls and gives up what is slow before that. */
const CLOSE_DELAY_MS = 28_000;

/** A signal that comes twice within this time is one: npm passes on what the terminal has sent already. In milliseconds. */
const SAME_SIGNAL_MS = 1_000;

/** Bytes of log lines, and how many ms, after which they leave in one write: a write each costs a request 0.1 ms. */
const LOG_BATCH = { minLength: 4096, periodicFlush: 200 };

try {
  const { app, config } = await startServer({
    settings: loadSettings(process.cwd(), process.env),
    loggerFor: ({ logLevel, logsUsers }) =>
      createLogger(logLevel, pino.destination({ sync: false, ...LOG_BATCH }), logsUsers),
    root: new URL('../', import.meta.url),
  });
  const grace = closeWithGrace(
    { delay: CLOSE_DELAY_MS, logger: app.log, skip: ['SIGINT', 'SIGTERM'] },
    async ({ err }) => {
      if (err) app.log.error({ err }, 'closing after an error');
      await app.close();
    },
  );
  closeOnSignals(async () => await grace.close());
  await listen(app, config);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${toSentence(error)}\n`);
  process.exit();
}

function closeOnSignals(close: () => Promise<void>): void {
  let firstAtMs: number | undefined;
  const onSignal = () => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      void close().then(() => process.exit());
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(1);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

function toSentence(error: unknown): string {
  if (error instanceof ConfigError || isSandboxError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
