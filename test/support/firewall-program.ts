import { execFileSync } from 'node:child_process';
import { closeHostToBridges, openHostToBridges } from '../../src/engines/docker/firewall.ts';

/**
 * Run in a network of its own: closes the machine as often at the same time as the first argument says, takes that away again where the
 * second is `open`, and prints as JSON what it was told and the rules that are there then.
 */
const [times = '1', end = ''] = process.argv.slice(2);
// The engine has made this chain where there is one.
execFileSync('iptables', ['-N', 'DOCKER-USER']);
// What servers of before have left.
for (let extra = 0; extra < 2; extra += 1) {
  execFileSync('iptables', ['-I', 'INPUT', '1', '-i', 'clb-+', '-j', 'REJECT']);
}
const told = await Promise.all(Array.from({ length: Number(times) }, closeHostToBridges));
const isOpen = end === 'open' && (await openHostToBridges());
const rules = ['iptables', 'ip6tables'].flatMap((program) =>
  execFileSync(program, ['-S'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('-A') || line.startsWith('-N CLARA')),
);
process.stdout.write(JSON.stringify({ told, isOpen, rules }));
