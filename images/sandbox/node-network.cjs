// Loaded by every Node in a sandbox (NODE_OPTIONS): os.networkInterfaces() asks the kernel over netlink, which sandboxes do not have;
// where that fails, the answer comes from files of /proc and /sys.
'use strict';
const os = require('node:os');
const askKernel = os.networkInterfaces;

os.networkInterfaces = function networkInterfaces() {
  try {
    return askKernel();
  } catch {
    return readInterfaces();
  }
};
require('node:module').syncBuiltinESMExports();

/** By name, in the form that Node gives them. */
function readInterfaces() {
  const interfaces = {};
  const add = (name, address, netmask, family, length, more) => {
    const mac = readMac(name);
    interfaces[name] ??= [];
    interfaces[name].push({
      address,
      netmask,
      family,
      mac,
      internal: name === 'lo',
      cidr: `${address}/${length}`,
      ...more,
    });
  };
  for (const { name, address, netmask } of readIpv4()) {
    const length = netmask.toString(2).replaceAll('0', '').length;
    add(name, toDotted(address), toDotted(netmask), 'IPv4', length);
  }
  for (const { name, address, length, scopeid } of readIpv6()) {
    add(name, address, toMask(length), 'IPv6', length, { scopeid });
  }
  return interfaces;
}

/** The addresses that the kernel takes for its own, each on the card whose network it is in. */
function readIpv4() {
  const routes = lines('/proc/net/route').map((line) => {
    const [name, destination, , , , , , mask] = line.trim().split(/\s+/);
    return { name, destination: fromHex(destination ?? ''), netmask: fromHex(mask ?? '') };
  });
  const networks = [
    ...routes.filter(({ netmask }) => netmask > 0),
    { name: 'lo', destination: 0x7f000000, netmask: 0xff000000 },
  ];
  const tree = lines('/proc/net/fib_trie');
  const addresses = tree.flatMap((line, at) => {
    const [, address] = /\|-- (\d+\.\d+\.\d+\.\d+)$/.exec(line) ?? [];
    return address && /\/32 host LOCAL$/.test(tree[at + 1] ?? '') ? [address] : [];
  });
  return [...new Set(addresses)].flatMap((text) => {
    const address = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const network = networks.find(({ destination, netmask }) => (address & netmask) >>> 0 === destination);
    return network ? [{ name: network.name, address, netmask: network.netmask }] : [];
  });
}

/** The lines are: address, number of the card, length of the prefix, scope, flags, name of the card. */
function readIpv6() {
  return lines('/proc/net/if_inet6').flatMap((line) => {
    const [address, card, length, scope, , name] = line.trim().split(/\s+/);
    if (!name) return [];
    const groups = (address.match(/.{4}/g) ?? []).join(':');
    const isLinkLocal = scope === '20';
    return [
      {
        name,
        // The parser of addresses writes them in their short form.
        address: new URL(`http://[${groups}]`).hostname.slice(1, -1),
        length: Number.parseInt(length, 16),
        scopeid: isLinkLocal ? Number.parseInt(card, 16) : 0,
      },
    ];
  });
}

function readMac(name) {
  return lines(`/sys/class/net/${name}/address`)[0] || '00:00:00:00:00:00';
}

function lines(path) {
  try {
    return require('node:fs').readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** The kernel writes the number as the processor has it in memory. */
function fromHex(text) {
  return /^[\dA-F]{8}$/.test(text) ? Buffer.from(text, 'hex').readUInt32LE(0) : 0;
}

function toDotted(number) {
  return [24, 16, 8, 0].map((bits) => (number >>> bits) & 255).join('.');
}

function toMask(length) {
  const groups = Array.from({ length: 8 }, (_, at) => {
    const bits = Math.min(16, Math.max(0, length - at * 16));
    return (0xffff << (16 - bits)) & 0xffff;
  });
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
