// Loaded into the server with --import: answers the bench, over the IPC channel, with the longest turn of the event loop
// since the last question. It adds a timer that fires a hundred times a second and nothing else.
const INTERVAL_MS = 10;

let lastMs = performance.now();
let lastCpu = process.cpuUsage();
let longest = { lateMs: 0, cpuMs: 0 };

setInterval(() => {
  const nowMs = performance.now();
  const used = process.cpuUsage(lastCpu);
  const lateMs = nowMs - lastMs - INTERVAL_MS;
  // How late the timer is, and how much of that time the process had a CPU: the rest it waited for one.
  if (lateMs > longest.lateMs) longest = { lateMs, cpuMs: Math.min(lateMs, (used.user + used.system) / 1000) };
  lastMs = nowMs;
  lastCpu = process.cpuUsage();
}, INTERVAL_MS).unref();

process.on('message', () => {
  process.send?.(longest);
  longest = { lateMs: 0, cpuMs: 0 };
});
process.channel?.unref();
