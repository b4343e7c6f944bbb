import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Says when its network is its own, and when it listens: each connection gets a line. */
const SCRIPT = `import socket, sys, threading
def serve(port):
    listener = socket.create_server(("0.0.0.0", port))
    def answer():
        while True:
            peer, _ = listener.accept()
            peer.sendall(b"220 distant")
            peer.close()
    threading.Thread(target=answer, daemon=True).start()
print("apart", flush=True)
sys.stdin.readline()
for port in sys.argv[1:]: serve(int(port))
print("listens", flush=True)
sys.stdin.read()`;

/** Does work while a host with a network of its own stands behind this machine, as one of the Internet does, and listens on these ports. */
export async function withDistantHost<T>(
  address: { readonly host: string; readonly gateway: string },
  ports: readonly number[],
  work: () => Promise<T>,
): Promise<T> {
  const host = spawn('unshare', ['--net', 'python3', '-c', SCRIPT, ...ports.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(host, 'exit');
  const lines = createInterface({ input: host.stdout });
  try {
    await once(lines, 'line');
    const near = `clara${host.pid}`;
    await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', 'far', 'netns', String(host.pid)]);
    await run('ip', ['address', 'add', `${address.gateway}/30`, 'dev', near]);
    await run('ip', ['link', 'set', near, 'up']);
    const inside = (...argv: string[]) => run('nsenter', ['--target', String(host.pid), '--net', 'ip', ...argv]);
    await inside('address', 'add', `${address.host}/30`, 'dev', 'far');
    await inside('link', 'set', 'far', 'up');
    await inside('route', 'add', 'default', 'via', address.gateway);
    host.stdin.write('\n');
    await once(lines, 'line');
    return await work();
  } finally {
    // Its card goes with it.
    host.kill('SIGKILL');
    await exited;
  }
}
