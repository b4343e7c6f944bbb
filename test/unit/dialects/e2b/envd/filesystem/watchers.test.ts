import { expect, it } from 'vitest';
import { toEvents } from '../../../../../../src/dialects/e2b/envd/filesystem/changes.ts';
import { Watchers } from '../../../../../../src/dialects/e2b/envd/filesystem/watchers.ts';
import { withEntry } from '../../../../../../src/dialects/e2b/envd/filesystem/watching.ts';
import type { FileChange, FileTree } from '../../../../../../src/files/file-tree.ts';
import { until } from '../../../../../support/until.ts';

const WATCHING = {
  ref: { address: { namespace: 'e2b', id: 'i1' }, principal: { name: 'key', userPrefix: '', maxSandboxes: null } },
  ...{ path: '/watched', isRecursive: false, hasEntries: false },
};

const NEVER = new AbortController().signal;

/** A tree in which so much happens, and then the end that is given. */
function treeOf(count: number, end?: Error): FileTree {
  async function* watch(): AsyncGenerator<FileChange | null> {
    yield null;
    for (let at = 0; at < count; at += 1) {
      yield { event: 'modified', path: `/watched/${at}`, type: 'file', moved: false };
    }
    if (end) throw end;
    await new Promise(() => {});
  }
  return { watch, settleWatches: async () => undefined } as unknown as FileTree;
}

it('a watcher keeps what happened until it is asked', async () => {
  const watchers = new Watchers(treeOf(2), new AbortController().signal);
  const id = await watchers.create(WATCHING);
  const told: string[] = [];
  await until('both are told', async () => {
    told.push(...(await watchers.take(WATCHING.ref, id, NEVER)).map(({ name }) => name));
    return told.length === 2;
  });
  expect(told).toEqual(['0', '1']);
});

it.each([
  ['more has happened than it keeps', 20_000, undefined],
  ['its sandbox or folder is lost', 1, new Error('lost')],
])('is not kept once %s, and who asks is told', async (_what, count, end) => {
  const watchers = new Watchers(treeOf(count, end), new AbortController().signal);
  const id = await watchers.create(WATCHING);
  await until('it has ended', async () => {
    try {
      await watchers.take({ ...WATCHING.ref, address: { namespace: 'e2b', id: 'i1' } }, id, NEVER);
      return false;
    } catch {
      return true;
    }
  });
  await expect(watchers.take(WATCHING.ref, id, NEVER)).rejects.toThrow('not found');
});

it('tells names of Unicode, whatever bytes they have', async () => {
  const event = { name: 'a\udcff', type: 'EVENT_TYPE_WRITE' } as const;
  const watching = { ...WATCHING, hasEntries: false, signal: NEVER };
  expect(await withEntry(treeOf(0), watching, event)).toEqual({ ...event, name: 'a\ufffd' });
});

it('a new file is one that is made, given to its user and written, as clients count', () => {
  const made = { event: 'created', path: '/watched/a', type: 'file', moved: false } as const;
  expect(toEvents('/watched', made)).toEqual([
    { name: 'a', type: 'EVENT_TYPE_CREATE' },
    { name: 'a', type: 'EVENT_TYPE_CHMOD' },
    { name: 'a', type: 'EVENT_TYPE_WRITE' },
  ]);
  expect(toEvents('/watched', { ...made, type: 'directory' })).toEqual([{ name: 'a', type: 'EVENT_TYPE_CREATE' }]);
});
