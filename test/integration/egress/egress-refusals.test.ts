import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, isIPv6, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../../support/bare-container.ts';
import { type EgressSetup, startEgressSetup, statusesOf } from '../../support/egress-setup.ts';
import { type Neighbour, startNeighbour } from '../../support/neighbour.ts';
import { withOwnAddress } from '../../support/own-address.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

/** Where some clouds have a metadata service. */
const METADATA_ADDRESS = '169.254.170.2';

/** An address that nothing on this machine has before, and none of the Internet is asked for. */
const PUBLIC_ADDRESS = '25.25.25.1';

/** Of this machine's loopback, apart from what may listen on its first address. */
const MAIL_ADDRESS = '127.0.25.25';

/** On a bridge beside the sandboxes. */
let neighbour: Neighbour;

let setup: EgressSetup;
let origin: EgressSetup['origin'];
let server: EgressSetup['server'];
let names: EgressSetup['names'];
let resolver: EgressSetup['resolver'];
let shell: EgressSetup['shell'];
let python: EgressSetup['python'];

beforeAll(async () => {
  setup = await startEgressSetup();
  ({ origin, server, names, resolver, shell, python } = setup);
});
afterAll(() => setup?.close());

describe('a sandbox with the proxy', () => {
  /** Something of this machine that listens on all its addresses. */
  let service: HttpServer;
  let port: number;
  /** The same server where the operator has opened everything. */
  let open: RealServer;

  beforeAll(async () => {
    neighbour = await startNeighbour();
    service = createServer((_request, response) => response.end('secret of this machine'));
    service.listen(0, '::');
    await once(service, 'listening');
    port = (service.address() as AddressInfo).port;
    open = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: '*,0.0.0.0/0,::/0' }, { resolver });
  });
  afterAll(async () => {
    await open?.close();
    await neighbour?.stop();
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
  });

  it('reaches neither the loopback of this machine nor any of its addresses, which are all there where everything is opened', async () => {
    const addresses = ownAddresses();
    expect(addresses).toEqual(expect.arrayContaining(['127.0.0.1', neighbour.gateway]));
    expect(await othersThan('200', open, addresses, port)).toEqual([]);
    expect(await othersThan('403', server, addresses, port)).toEqual([]);
  });

  it('does not reach this server, even where everything is opened', async () => {
    const own = ownAddresses().filter((address) => !isIPv6(address));
    for (const each of [open, server]) {
      expect(await othersThan('403', each, own, Number(new URL(each.url).port))).toEqual([]);
    }
    // Another server of this machine shows that it is the port alone that is closed there.
    expect((await statusesOf(open, 'eve', [`127.0.0.1:${new URL(server.url).port}`]))[0]).toBe('200');
  });

  it('does not reach the loopback under another spelling, as a number, or behind IPv6', async () => {
    names.localhost = ['127.0.0.1'];
    const spellings = [
      'localhost',
      'LOCALHOST.',
      '0',
      '0.0.0.0',
      '127.1',
      '0x7f.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
    ];
    const literals = [
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[::1%lo]',
    ];
    const answers = await statusesOf(
      server,
      'eve',
      [...spellings, ...literals].map((text) => `${text}:${port}`),
    );
    expect(answers.every((status) => ['400', '403'].includes(status))).toBe(true);
    // The attack works where nothing stops it.
    expect(await statusesOf(open, 'eve', [`localhost:${port}`, `[::ffff:127.0.0.1]:${port}`])).toEqual(['200', '200']);
  });

  it('does not reach a container beside it, which is there where everything is opened', async () => {
    const targets = [`${neighbour.address}:8000`];
    expect(await statusesOf(open, 'eve', targets)).toEqual(['200']);
    expect(await statusesOf(server, 'eve', targets)).toEqual(['403']);
  });

  it('reaches no metadata service, by address or by name', async () => {
    names['metadata.test'] = ['169.254.169.254'];
    names['metadata6.test'] = ['fd00:ec2::254'];
    const targets = [
      '169.254.169.254:80',
      '[fd00:ec2::254]:80',
      'metadata.test:80',
      'metadata6.test:80',
      '100.100.100.200:80',
    ];
    expect(await statusesOf(server, 'eve', targets)).toEqual(targets.map(() => '403'));
    await withOwnAddress(METADATA_ADDRESS, async () => {
      expect(await statusesOf(open, 'eve', [`${METADATA_ADDRESS}:${port}`])).toEqual(['200']);
      expect(await statusesOf(server, 'eve', [`${METADATA_ADDRESS}:${port}`])).toEqual(['403']);
    });
  });

  it('does not reach an address of this machine that looks like any public one, also where IPv6 stands for it', async () => {
    await withOwnAddress(PUBLIC_ADDRESS, async () => {
      const fresh = await startRealServer({ SANDBOX_NETWORK: 'proxy' }, { resolver });
      names['ipv4only.arpa'] = ['192.0.0.170', '2a00:1:2:3:4:5:c000:aa'];
      const embedded = [
        '64:ff9b::1919:1901',
        '2a00:1:2:3:4:5:1919:1901',
        '::ffff:25.25.25.1',
        '2a00:9::5efe:1919:1901',
      ];
      const targets = [PUBLIC_ADDRESS, ...embedded.map((text) => `[${text}]`)].map((host) => `${host}:${port}`);
      expect(await statusesOf(open, 'eve', targets.slice(0, 1))).toEqual(['200']);
      expect(await statusesOf(fresh, 'eve', targets)).toEqual(targets.map(() => '403'));
      await fresh.close();
    });
  });

  it('reaches no mail server, unless its port is allowed by name', async () => {
    const mail: TcpServer = createTcpServer((socket) => void socket.end('220 mail.test'));
    mail.listen(25, MAIL_ADDRESS);
    await once(mail, 'listening');
    names['mail.test'] = [MAIL_ADDRESS];
    const allow = `${MAIL_ADDRESS},mail.test`;
    const closed = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: allow }, { resolver });
    const named = await startRealServer(
      { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: `${allow},${MAIL_ADDRESS}:25` },
      { resolver },
    );
    const targets = [`${MAIL_ADDRESS}:25`, 'mail.test:25'];
    expect(await statusesOf(closed, 'eve', [...targets, '8.8.8.8:25'])).toEqual(['403', '403', '403']);
    expect(await statusesOf(named, 'eve', [...targets, '8.8.8.8:25'])).toEqual(['200', '200', '403']);
    const said = await closed.shell('eve', 'curl -s http://mail.test:25/');
    expect(said.body.output).toBe(
      'This sandbox may not connect to mail.test on port 25. Port 25, of mail servers, is closed unless SANDBOX_EGRESS_ALLOW names it, as in mail.example.org:25.\n',
    );
    await Promise.all([closed.close(), named.close()]);
    await new Promise((resolve) => mail.close(resolve));
  });

  it('does not reach the engine, which is there for a container that was given its socket', async () => {
    const ask = `import socket
engine = socket.socket(socket.AF_UNIX)
try:
    engine.connect('/var/run/docker.sock')
    engine.sendall(b'GET /_ping HTTP/1.0\\r\\n\\r\\n')
    print(engine.recv(100).split(b'\\r')[0].decode())
except OSError as error: print(error.strerror)`;
    const given = { Binds: ['/var/run/docker.sock:/var/run/docker.sock'] };
    expect(await runBare(ask, given)).toBe('HTTP/1.0 200 OK\n');
    expect(await python(ask, 'eve')).toMatchObject({ output: 'No such file or directory\n' });
  });

  it('does not reach what a name leads to the second time', async () => {
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    let asked = 0;
    names['rebind.test'] = () => answers[asked++ % 2] ?? [];
    const url = `http://rebind.test:${origin.httpPort}/hello`;
    const get = `curl -s -o /dev/null -w '%{http_code} ' ${url}; curl -s -o /dev/null -w '%{http_code}' ${url}`;
    expect(await shell(get, 'eve')).toMatchObject({ output: '200 403' });
    // One lookup for each connection: what is checked is what is dialled.
    expect(asked).toBe(2);
    // The second address answers where it is permitted.
    names['second.test'] = ['127.0.0.2'];
    expect(await statusesOf(open, 'eve', [`second.test:${port}`])).toEqual(['200']);
  });

  it('does not reach the forbidden one of several addresses of a name', async () => {
    const before = origin.requests.length;
    names['mixed.test'] = ['127.0.0.2', '127.0.0.1', '::1', '10.0.0.1'];
    const { output } = await shell(`curl -s http://mixed.test:${origin.httpPort}/hello`, 'eve');
    expect(output).toBe(`hello mixed.test:${origin.httpPort}`);
    expect(origin.requests.length).toBe(before + 1);
  });

  it('reaches nothing past the proxy', async () => {
    for (const target of [`${neighbour.gateway}:${port}`, `${neighbour.address}:8000`, '169.254.169.254']) {
      const { error } = await shell(`curl -sS --noproxy '*' -m 5 http://${target}/`, 'eve');
      expect(error).toMatch(/Couldn't connect|Failed to connect|Network is unreachable/);
    }
    const cards = `tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d ' '`;
    expect(await shell(cards, 'eve')).toMatchObject({ output: 'lo\n' });
  });

  it('is told what it may not reach, and why', async () => {
    const plain = await shell(`curl -s http://127.0.0.1:${port}/ -x http://127.0.0.1:3128 --noproxy none.test`, 'eve');
    expect(plain.output).toBe(`This sandbox may not connect to 127.0.0.1 on port ${port}.\n`);
    const code = `import requests\nrequests.get("https://10.0.0.1:${port}/")`;
    expect((await python(code, 'eve')).error).toContain(
      `403 This sandbox may not connect to 10.0.0.1 on port ${port}.`,
    );
  });
});

/** Which of these addresses are answered otherwise; those are left out that this machine has lost meanwhile, with a network of a test beside this one. */
async function othersThan(status: string, on: RealServer, addresses: readonly string[], port: number) {
  const targets = addresses.map((address) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`));
  const statuses = await statusesOf(on, 'eve', targets);
  const answered = addresses.map((address, index) => [address, statuses[index]] as const);
  const kept = ownAddresses();
  return answered.filter(([address, got]) => got !== status && kept.includes(address));
}

/** All addresses of this machine that need no zone, with that on the neighbour's bridge. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = all.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
  return [...new Set([...addresses, neighbour.gateway])];
}
