import type { EngineSpec } from '../engine.ts';
import { OWN_FIRST_PROCESS, SLEEP } from '../hardening/first-process.ts';
import { STARTER } from './group-starter.ts';

/**
 * The first process of a container in LXC's words: the image's own, or what other images have for it. Where its user is in several groups
 * it is what starts programs in all of them: as root of the container, with the rights for just that, it becomes the user first. LXC has
 * a key for the groups of the first process and passes over it where users are mapped.
 */
export function toFirstProcess(
  { user, groups = [] }: Pick<EngineSpec, 'user' | 'groups'>,
  hasOwnInit: boolean,
): string[] {
  const { uid, gid } = user;
  if (groups.length === 0) {
    const command = hasOwnInit ? OWN_FIRST_PROCESS : toPython(SLEEP);
    return [`lxc.init.cmd = ${command}`, `lxc.init.uid = ${uid}`, `lxc.init.gid = ${gid}`, 'lxc.cap.keep = none'];
  }
  const become = `import os; os.setgroups([${groups.join(', ')}]); os.setgid(${gid}); os.setuid(${uid})`;
  return [`lxc.init.cmd = ${toPython(`${become}\n${STARTER}`)}`, 'lxc.cap.keep = setgid setuid'];
}

/** LXC splits a line at its blanks and, as its version is, knows quotes or takes them as they are: so there are neither. */
function toPython(program: string): string {
  const digits = Buffer.from(program.trim()).toString('hex');
  return `python3 -I -S -c exec(bytes.fromhex(hex(0x${digits})[2:]))`;
}
