// Loaded into the server with --import: answers the bench, over the IPC channel, with the longest time for which the event
// loop was blocked since the last question. It adds a timer that fires a hundred times a second and nothing else.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
process.on('message', () => {
  // The histogram holds the time between two firings of its timer, the wanted part of it included.
  const maxMs = histogram.count === 0 ? 0 : Math.max(0, histogram.max / 1e6 - RESOLUTION_MS);
  histogram.reset();
  process.send?.({ maxMs });
});
process.channel?.unref();
