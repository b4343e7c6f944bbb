import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../src/base/errors.ts';
import { parseSettings } from '../../../src/config/config.ts';
import { chooseMode, type Probes } from '../../../src/modes/choice.ts';
import type { EngineNote } from '../../../src/modes/engine-note.ts';

const required = { SANDBOX_API_KEY: 'key-for-these-tests' };
const remote = { SANDBOX_API_URL: 'https://sandbox.example.com' };

const away = (sentence: string) => async () => {
  throw new SandboxError('unavailable', sentence);
};
const NOTHING: Probes = { docker: away('No Docker here.'), incus: away('No Incus here.') };
const DOCKER: Probes = { ...NOTHING, docker: async () => 'Docker 27.0.0 answers.' };
const INCUS: Probes = { ...NOTHING, incus: async () => 'Incus 6.0 has its project.' };

const choose = (variables: Record<string, string>, probes: Probes, note: EngineNote | null = null) =>
  chooseMode({ settings: parseSettings({ ...required, ...variables }), note, probes });

const ran = (engine: EngineNote['engine']): EngineNote => ({ engine, used: [engine] });

describe('auto', () => {
  it('is remote where an address and a key are set, whatever else is there', async () => {
    const choice = await choose(remote, DOCKER, ran('docker'));
    expect(choice).toEqual({ mode: 'remote', reason: expect.stringContaining('https://sandbox.example.com') });
  });

  it('is what ran the folder last, also where that does not answer', async () => {
    const choice = await choose({}, INCUS, ran('docker'));
    expect(choice).toEqual({ mode: 'docker', reason: expect.stringContaining('last run by Docker') });
    expect((await choose({}, DOCKER, ran('incus-vm'))).mode).toBe('incus-vm');
    expect((await choose({}, DOCKER, ran('remote'))).mode).toBe('docker');
  });

  it('is Docker where it answers, else Incus, and says why', async () => {
    expect(await choose({}, DOCKER)).toEqual({ mode: 'docker', reason: expect.stringContaining('Docker 27.0.0') });
    expect(await choose({}, INCUS)).toEqual({ mode: 'incus', reason: expect.stringContaining('No Docker here.') });
    expect((await choose({ INCUS_SANDBOX_TYPE: 'vm' }, INCUS)).mode).toBe('incus-vm');
  });

  it('is a Docker that is closed to this process where nothing else is there, so that the start says all that it may not', async () => {
    const closed = Object.assign(new Error('connect'), { code: 'EACCES' });
    const docker = async () => {
      throw new SandboxError('unavailable', 'Permission denied.', { cause: closed });
    };
    expect(await choose({}, { ...NOTHING, docker })).toEqual({
      mode: 'docker',
      reason: expect.stringContaining('Permission denied.'),
    });
    expect((await choose({}, { ...INCUS, docker })).mode).toBe('incus');
  });

  it('ends the start where nothing is there, with a reason for each', async () => {
    await expect(choose({}, NOTHING)).rejects.toThrow(
      /SANDBOX_API_URL .* Docker: No Docker here\. Incus: No Incus here\./,
    );
  });
});

describe('a mode that is asked for', () => {
  it('is that mode, and asks nothing', async () => {
    expect((await choose({ ...remote, SANDBOX_MODE: 'docker' }, NOTHING, ran('incus'))).mode).toBe('docker');
  });
});
