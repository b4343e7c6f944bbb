import { z } from 'zod';

/** What runs sandboxes: an engine of this machine or near it, or another server of this project. */
export type Mode = 'docker' | 'incus' | 'incus-vm' | 'remote';

/** What an operator asks for; `auto` leaves it to what is there. */
export type AskedMode = Mode | 'auto';

/** What each of them is called in sentences. */
export const TITLES: Readonly<Record<Mode, string>> = {
  docker: 'Docker',
  incus: 'Incus (containers)',
  'incus-vm': 'Incus (virtual machines)',
  remote: 'a remote server',
};

const WORDS = ['auto', 'docker', 'local', 'incus', 'incus-vm', 'remote'] as const;

/** The value of SANDBOX_MODE; `local` is another word for `docker`. */
export const mode = z
  .enum(WORDS, 'must be auto, docker (or local), incus, incus-vm or remote')
  .transform((word): AskedMode => (word === 'local' ? 'docker' : word));

/** What the variables ask for together: `incus` with virtual machines is `incus-vm`. */
export function toAskedMode(env: {
  readonly SANDBOX_MODE: AskedMode;
  readonly INCUS_SANDBOX_TYPE: 'container' | 'vm';
}): AskedMode {
  return env.SANDBOX_MODE === 'incus' ? incusMode(env.INCUS_SANDBOX_TYPE) : env.SANDBOX_MODE;
}

/** The mode of Incus for instances of this type. */
export function incusMode(type: 'container' | 'vm'): 'incus' | 'incus-vm' {
  return type === 'vm' ? 'incus-vm' : 'incus';
}
