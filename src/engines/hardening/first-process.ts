/** The sandbox image's own program for this; other images have none. */
export const OWN_FIRST_PROCESS = '/usr/lib/clara/sandbox-init';

/**
 * What it takes of an image that has no such program: a sleep, which this Python begins. It ignores SIGCHLD, so that the kernel reaps what is left to it;
 * shells do not hand that on.
 */
export const SLEEP =
  'import os, _signal; _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN); os.execvp("sleep", ["sleep", "infinity"])';

/**
 * The command of a container: its first process, which keeps it up and which nothing inside can end. The engine's own init is
 * none such: it hands signals on to its child, and ends with it.
 */
export const FIRST_PROCESS = [
  'sh',
  '-c',
  `[ -x ${OWN_FIRST_PROCESS} ] && exec ${OWN_FIRST_PROCESS}; exec python3 -I -S -c '${SLEEP}'`,
] as const;
