// Loaded into the server by `npm run up`: without its parent the server would keep the port for ever.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
