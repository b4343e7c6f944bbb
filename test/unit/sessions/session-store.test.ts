import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newSession } from '../../../src/sessions/session.ts';
import { SessionStore } from '../../../src/sessions/session-store.ts';

const WANTED = { userId: 'ada', image: 'python:3.9', cpuCount: 1, memoryMb: 512, ttlMs: null, metadata: null };

it('a change that comes while the one before it is written is on disk after the next flush', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-session-store-'));
  const fail = (error: unknown) => {
    throw error;
  };
  try {
    const store = await SessionStore.open(dataDir, fail);
    const session = newSession('bot/ada', WANTED, 1000);
    const later = { ...session, lastActiveAtMs: 3000 };
    // Called when it is written.
    const toJSON = () => {
      store.writeSoon(later);
      return { ...session, lastActiveAtMs: 2000 };
    };
    store.writeSoon(Object.assign({ ...session }, { toJSON }));
    await store.flush();
    await store.flush();
    const reopened = await SessionStore.open(dataDir, fail);
    expect(reopened.get(session.id)).toEqual(later);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
