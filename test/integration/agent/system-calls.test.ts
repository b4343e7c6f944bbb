import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestEngine } from '../../support/engine-under-test.ts';
import { containerNamed, hasOwnFilter } from '../../support/engine-view.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function server(variables: Readonly<Record<string, string>> = {}): Promise<RealServer> {
  const started = await startRealServer(variables);
  closers.push(started.close);
  return started;
}

/** Traces a child of its own from its first instruction on, as a debugger does, and reads a word of its memory. */
const DEBUGGER = `
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
static long word = 42;
int main(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(7);
  }
  waitpid(child, &status, 0);
  printf("%ld\\n", ptrace(PTRACE_PEEKDATA, child, &word, 0));
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  printf("%d\\n", WEXITSTATUS(status));
}`;

describe('code under the strict list of system calls', () => {
  it('computes with threads, processes, shared memory, asynchronous input and sockets', async () => {
    const { execute } = await server();
    const code = `
import asyncio, mmap, multiprocessing, os, pty, select, signal, socket, subprocess, tempfile, threading
thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()
with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))
queue = multiprocessing.get_context('spawn').SimpleQueue(); queue.put('semaphore'); print(queue.get())
async def talk():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    return await reader.read()
print(asyncio.run(talk()))
print(asyncio.run(asyncio.create_subprocess_exec('true')) is not None)
print(socket.socketpair()[0].family.name)
memory = mmap.mmap(-1, 4096); memory.write(b'mapped'); print(memory[:6])
print(os.memfd_create('m') > 0, select.epoll().fileno() > 0, pty.openpty()[0] > 0)
os.mkfifo('/tmp/fifo'); os.sendfile; os.setxattr; print(sorted(os.listxattr('/tmp')) is not None)
signal.setitimer(signal.ITIMER_REAL, 0.01); signal.signal(signal.SIGALRM, lambda *_: None); signal.pause(); print('alarm')
import numpy; print(numpy.linalg.svd(numpy.eye(100))[1].sum())
`;
    expect((await execute('u', code)).body).toMatchObject({
      success: true,
      output: "thread\n[1, 2]\nsemaphore\nb''\nTrue\nAF_UNIX\nb'mapped'\nTrue True True\nTrue\nalarm\n100.0\n",
    });
  });

  it('compiles, links, uses git, Node with its threads, and traces children of its own', async () => {
    const { shell, execute } = await server();
    await execute('u', `open('debugger.c', 'w').write(${JSON.stringify(DEBUGGER)})`);
    const script = [
      'set -e',
      'gcc -pthread -o debugger debugger.c && ./debugger',
      'git init -q r && git -C r -c user.email=a@b -c user.name=a commit -q --allow-empty -m first && git -C r log --format=%s',
      `node -e 'new (require("worker_threads").Worker)("1", { eval: true }).on("exit", () => require("fs").promises.readFile("debugger.c").then(() => console.log("node")))'`,
      'python3 -m venv --without-pip v && v/bin/python -c "print(1)"',
    ];
    expect((await shell('u', script.join('\n'))).body).toMatchObject({
      success: true,
      output: '42\n7\nfirst\nnode\n1\n',
    });
  });
});

/** Asks for network cards as programs do, each of which would ask the kernel over netlink. */
const CARDS = `
import asyncio, os, socket, subprocess, sys
os.makedirs('fake/psutil', exist_ok=True)
open('fake/psutil/__init__.py', 'w').write('from psutil import _pslinux')
open('fake/psutil/_pslinux.py', 'w').write('import socket\\ndef net_if_addrs(): socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); return []')
code = 'import psutil, sys; print("127.0.0.1" in [card[2] for card in psutil._pslinux.net_if_addrs()])'
subprocess.run([sys.executable, '-c', code], env={**os.environ, 'PYTHONPATH': 'fake'}, check=True)
print(socket.getaddrinfo('localhost', 80, proto=socket.IPPROTO_TCP)[0][4][1], asyncio.run(asyncio.to_thread(socket.gethostbyname, 'localhost')))
`;

describe('programs that look for network cards, without netlink', () => {
  it('find them: Node, in modules and workers too, psutil, and who looks up a name', async () => {
    const { shell, execute } = await server();
    // gVisor has netlink, so that what stands for psutil there gets its socket and lists none.
    const listed = IS_GVISOR ? 'False' : 'True';
    expect((await execute('u', CARDS)).body).toMatchObject({ success: true, output: `${listed}\n80 127.0.0.1\n` });
    const lo = `require("os").networkInterfaces().lo.find((card) => card.family === "IPv4")`;
    const script = [
      `node -p '${lo}.address + " " + ${lo}.cidr + " " + ${lo}.internal'`,
      `echo 'import { networkInterfaces } from "node:os"; console.log(networkInterfaces().lo[0].internal)' > a.mjs && node a.mjs`,
      `node -e 'new (require("worker_threads").Worker)("console.log(${lo.replaceAll('"', '\\x22')}.netmask)", { eval: true })'`,
      `node -e 'const s = require("http").createServer((_, r) => r.end("served\\n")).listen(0, async () => process.stdout.write(await (await fetch("http://127.0.0.1:" + s.address().port)).text()) && s.close())'`,
    ];
    expect((await shell('u', script.join('\n'))).body).toMatchObject({
      success: true,
      output: '127.0.0.1 127.0.0.1/8 true\ntrue\n255.0.0.0\nserved\n',
    });
  });
});

describe('what the strict list answers without doing it', () => {
  it('is told to programs as a success: no dump of memory is ever written, and no file is forgotten by order', async () => {
    const { execute } = await server();
    const code = `
import os, resource
before = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print(resource.getrlimit(resource.RLIMIT_CORE) == before, before)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 16384))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
with open('file', 'w') as file: print(os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED))
print(os.sync())`;
    const expected = IS_GVISOR ? 'False (1, 1)' : 'True (1, 1)';
    expect((await execute('u', code)).body).toMatchObject({
      success: true,
      output: `${expected}\n(100, 16384)\nNone\nNone\n`,
    });
  });
});

describe('SANDBOX_DOCKER_SECCOMP', () => {
  it('holds for a sandbox from its next start, and code is never without a filter', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-seccomp-'));
    closers.push(() => removeAll(dataDir));
    for (const value of ['engine', 'strict']) {
      const variables = { SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_SECCOMP: value };
      const { shell, call, leave } = await startRealServer(variables);
      expect((await shell('u', 'grep Seccomp: /proc/self/status')).body.output).toBe(
        `Seccomp:\t${IS_GVISOR ? 0 : 2}\n`,
      );
      expect(await hasOwnFilter(await containerNamed(dataDir, '-u-'))).toBe(value === 'strict');
      await call('POST', '/sandbox/u/stop');
      await leave();
    }
  });

  it('keeps the server from starting where the engine cannot hold it', async () => {
    const own = createTestEngine();
    const engine = { ...own, info: async () => ({ ...(await own.info()), seccomp: ['strict'] as const }) };
    try {
      await expect(startRealServer({ SANDBOX_DOCKER_SECCOMP: 'engine' }, { engine })).rejects.toThrow(
        /SANDBOX_DOCKER_SECCOMP=engine does not work here: .* only strict/,
      );
    } finally {
      await own.close();
    }
  });
});
