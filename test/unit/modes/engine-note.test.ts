import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addRemoteToNote,
  beginEngineNote,
  ENGINE_FILE,
  readEngineNote,
  writeEngineNote,
} from '../../../src/modes/engine-note.ts';

const HERE = { remote: 'local', project: 'clara-sandbox' };
const FAR = { remote: 'https://node1.example:8443', project: 'clara-sandbox' };

describe('what a data folder says of its engine', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clara-note-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is nothing where no server has used it, and Docker where an earlier version has', async () => {
    expect(await readEngineNote(folder)).toBeNull();
    expect(await readEngineNote(join(folder, 'absent'))).toBeNull();
    await writeFile(join(folder, 'instance'), '0123456789ab');
    expect(await readEngineNote(folder)).toEqual({ engine: 'docker', used: ['docker'] });
  });

  it('is what was written last, with all before it', async () => {
    await writeEngineNote(folder, { engine: 'remote', incus: null });
    await writeEngineNote(folder, { engine: 'docker', incus: null });
    await writeEngineNote(folder, { engine: 'docker', incus: null });
    const note = { engine: 'docker', used: ['remote', 'docker'] };
    expect(await readEngineNote(folder)).toEqual({ version: 1, ...note });
    expect(JSON.parse(await readFile(join(folder, ENGINE_FILE), 'utf8'))).toEqual({ version: 1, ...note });
  });

  it('is nothing while no start in it has succeeded, and then what that one was', async () => {
    await beginEngineNote(folder, 'incus');
    await writeFile(join(folder, 'instance'), '0123456789ab');
    expect(await readEngineNote(folder)).toBeNull();
    await beginEngineNote(folder, 'incus');
    await writeEngineNote(folder, { engine: 'incus', incus: HERE });
    expect(await readEngineNote(folder)).toEqual({ version: 1, engine: 'incus', used: ['incus'], incus: HERE });
    await beginEngineNote(folder, 'docker');
    expect(await readEngineNote(folder)).toMatchObject({ engine: 'incus' });
  });

  it('says of another server that it was used, and still what runs on an engine here', async () => {
    await writeEngineNote(folder, { engine: 'docker', incus: null });
    await addRemoteToNote(folder);
    await addRemoteToNote(folder);
    expect(await readEngineNote(folder)).toEqual({ version: 1, engine: 'docker', used: ['docker', 'remote'] });
  });

  it('names the Incus that ran them last, also while Docker does', async () => {
    await writeEngineNote(folder, { engine: 'incus', incus: HERE });
    await writeEngineNote(folder, { engine: 'incus', incus: FAR });
    expect(await readEngineNote(folder)).toEqual({ version: 1, engine: 'incus', used: ['incus'], incus: FAR });
    await writeEngineNote(folder, { engine: 'docker', incus: null });
    await addRemoteToNote(folder);
    expect(await readEngineNote(folder)).toMatchObject({ engine: 'docker', incus: FAR });
  });

  it('stays Docker for a folder of an earlier version until a start in it has succeeded', async () => {
    await writeFile(join(folder, 'instance'), '0123456789ab');
    await beginEngineNote(folder, 'incus');
    expect(await readEngineNote(folder)).toEqual({ engine: 'docker', used: ['docker'] });
  });

  it.each(['', '{', '{"version":1,"engine":"podman","used":[]}', '{"version":2,"engine":"docker","used":[]}'])(
    'ends the start where it is %j',
    async (text) => {
      await writeFile(join(folder, ENGINE_FILE), text);
      await expect(readEngineNote(folder)).rejects.toThrow(/engine\.json does not say/);
    },
  );
});
