import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadSettings } from '../../../src/config/config.ts';
import { environmentSchema } from '../../../src/config/environment.ts';
import { explainUnknownNames } from '../../../src/config/variable-names.ts';
import { parseDiskServiceConfig } from '../../../src/disks/service/config.ts';

const KNOWN = Object.keys(environmentSchema.shape);

const explain = (name: string) => explainUnknownNames([name], KNOWN, '.env');

describe('a name that no variable has', () => {
  it.each([
    ['SANDBOX_EGRESS_DENNY', 'SANDBOX_EGRESS_DENY'],
    ['SANDBOX_EGRES_DENY', 'SANDBOX_EGRESS_DENY'],
    ['SANDBOX_API_KYE', 'SANDBOX_API_KEY'],
    ['SANDBOX_APIKEYS', 'SANDBOX_API_KEYS'],
    ['SANDBOX_PORT', 'SANDBOX_API_PORT'],
    ['SANDBOX_HOST', 'SANDBOX_API_HOST'],
    ['SANDBOX_MEMORY', 'SANDBOX_DOCKER_MEMORY'],
    ['SANDBOX_CPU', 'SANDBOX_DOCKER_CPU'],
    ['SANDBOX_CPU_MAX', 'SANDBOX_DOCKER_CPU_MAX'],
    ['SANDBOX_IMAGES', 'SANDBOX_DOCKER_IMAGES'],
    ['SANDBOX_DATA_FOLDER', 'SANDBOX_DATA_DIR'],
    ['SANDBOX_MAX_CONTAINER', 'SANDBOX_MAX_CONTAINERS'],
    ['SANDBOX_HTTPS_PROT', 'SANDBOX_HTTPS_PORT'],
    ['SANDBOX_PUBLISH_ADRESS', 'SANDBOX_PUBLISH_ADDRESS'],
    ['sandbox_api_port', 'SANDBOX_API_PORT'],
    ['SANDBOX-API-PORT', 'SANDBOX_API_PORT'],
    ['SANBOX_API_KEY', 'SANDBOX_API_KEY'],
    ['SANDOBX_LOG_LEVEL', 'SANDBOX_LOG_LEVEL'],
  ])('%s is told with the nearest, %s', (name, nearest) => {
    expect(explain(name)).toEqual([
      `${name}, which is set in .env, is no variable of this server; the nearest is ${nearest}`,
    ]);
  });

  it.each([
    'PATH',
    'HOME',
    'DOCKER_HOST',
    'COMPOSE_PROFILES',
    'NODE_BASE_IMAGE',
    'CADDY_IMAGE',
    'IS_SANDBOX',
    'SANDBOX',
  ])('is let be where it is not one of ours: %s', (name) => {
    expect(explain(name)).toEqual([]);
  });

  it('is none that docker-compose.yml, the Caddyfile, an image or a script reads', () => {
    const root = new URL('../../../', import.meta.url);
    const scripts = readdirSync(new URL('scripts', root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.mjs'))
      .map((name) => `scripts/${name}`);
    const files = ['docker-compose.yml', 'Caddyfile', 'Dockerfile', 'images/sandbox/Dockerfile', ...scripts];
    const read = files.flatMap((file) => {
      const text = readFileSync(new URL(file, root), 'utf8');
      const uses = file.endsWith('.mjs') ? /env\.(SANDBOX_\w+)/g : /(?:env\.|\$\{|\{\$|^ {6})(SANDBOX_\w+)/gm;
      return [...text.matchAll(uses)].map(([, name = '']) => name);
    });
    expect(read).toContain('SANDBOX_COMPOSE_SUBNET');
    expect(read).toContain('SANDBOX_BASE_IMAGE');
    expect(explainUnknownNames(read, KNOWN, '.env')).toEqual([]);
  });
});

describe('a start', () => {
  let folder: string;
  const environment = { SANDBOX_API_KEY: 'a-long-enough-key' };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clara-names-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends where .env has an unknown name, even without a value', () => {
    writeFileSync(join(folder, '.env'), 'SANDBOX_EGRESS_DENNY=\nOTHER=1\n');
    const load = () => loadSettings(folder, environment);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(
      `SANDBOX_EGRESS_DENNY, which is set in ${folder}/.env, is no variable of this server; the nearest is SANDBOX_EGRESS_DENY.`,
    );
  });

  it('ends where the environment has some, and names all of both places', () => {
    writeFileSync(join(folder, '.env'), 'SANDBOX_POOLSIZE=3\n');
    const load = () => loadSettings(folder, { ...environment, SANDBOX_DOMAINE: 'x.example', PATH: '/bin' });
    expect(load).toThrow(/SANDBOX_POOLSIZE.*SANDBOX_POOL_SIZE; SANDBOX_DOMAINE.* in the environment.*SANDBOX_DOMAIN\./);
  });

  it('takes all of .env.example and those that only Compose reads', () => {
    const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
    writeFileSync(join(folder, '.env'), `${example}\nSANDBOX_HTTPS_PORT=8443\nSANDBOX_PUBLISH_ADDRESS=0.0.0.0\n`);
    expect(loadSettings(folder, environment).configFor('docker').port).toBe(8080);
  });

  it('of the disk service ends for one too', () => {
    const variables = { SANDBOX_DISK_SERVICE: '/run/disks', SANDBOX_DATA_DIRR: '/data' };
    expect(() => parseDiskServiceConfig(variables)).toThrow(/SANDBOX_DATA_DIRR.*SANDBOX_DATA_DIR\./);
  });
});

describe('a variable that a document names', () => {
  const root = new URL('../../../', import.meta.url);
  const folders = ['', 'docs/', 'docs/recipes/', 'clients/python/', 'clients/typescript/'];
  const documents = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root)).flatMap((name) => (name.endsWith('.md') ? [`${folder}${name}`] : [])),
  );

  it.each(documents)('is one of this project: %s', (file) => {
    const text = readFileSync(new URL(file, root), 'utf8');
    const names = [...text.matchAll(/`(SANDBOX_[A-Z0-9_]*[A-Z0-9])(?:=[^`]*)?`/g)].map(([, name = '']) => name);
    expect(explainUnknownNames(names, KNOWN, file)).toEqual([]);
  });
});
