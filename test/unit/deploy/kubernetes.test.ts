import { readdirSync, readFileSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const FOLDER = new URL('../../../deploy/kubernetes/', import.meta.url);

/** By `kind`, whatever checks it against the published schema. */
const KINDS = new Map<string, (manifest: object) => { validate(): void }>([
  ['Deployment', (manifest) => new Deployment({ ...new Deployment(), ...manifest })],
  ['NetworkPolicy', (manifest) => new NetworkPolicy({ ...new NetworkPolicy(), ...manifest })],
  ['PodDisruptionBudget', (manifest) => new PodDisruptionBudget({ ...new PodDisruptionBudget(), ...manifest })],
  ['Namespace', (manifest) => new Namespace({ ...new Namespace(), ...manifest })],
  ['PersistentVolumeClaim', (manifest) => new PersistentVolumeClaim({ ...new PersistentVolumeClaim(), ...manifest })],
  ['Service', (manifest) => new Service({ ...new Service(), ...manifest })],
]);

interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

const read = (path: string): string => readFileSync(new URL(path, FOLDER), 'utf8');
const kustomization = (name: string) => parse(read(`${name}/kustomization.yaml`));

function manifestsIn(name: string): Manifest[] {
  return readdirSync(new URL(`${name}/`, FOLDER))
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => parseAllDocuments(read(`${name}/${file}`)).map((one) => ({ file, ...one.toJS() })));
}

function check({ file: _, ...manifest }: Manifest): void {
  const build = KINDS.get(manifest.kind);
  if (!build) throw new Error(`Nothing checks a ${manifest.kind}.`);
  const built = build(manifest);
  expect(built).toMatchObject({ apiVersion: manifest.apiVersion, kind: manifest.kind });
  built.validate();
}

const patchesOf = (name: string): string[] =>
  (kustomization(name).patches ?? []).map(({ path }: { path: string }) => path);

describe('the Kubernetes manifests', () => {
  const whole = ['base', 'dev', 'prod'].flatMap((name) => {
    const patches = patchesOf(name);
    return manifestsIn(name).filter(({ file }) => !patches.includes(file));
  });

  it.each(whole.map((one): [string, string, Manifest] => [one.kind, one.metadata.name, one]))(
    'have %s %s as its schema wants it',
    (_kind, _name, manifest) => check(manifest),
  );

  it('are refused by those schemas where they are wrong', () => {
    const wrong = { file: '', apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: 'all' } };
    expect(() => check(wrong)).toThrow();
  });

  it.each(['base', 'dev', 'prod'])('%s names files that are there, and all of them', (name) => {
    const { resources, patches = [] } = kustomization(name);
    const named = [...resources.filter((path: string) => path.endsWith('.yaml')), ...patchesOf(name)];
    expect(patches).toHaveLength(patchesOf(name).length);
    expect(named.toSorted()).toEqual([...new Set(manifestsIn(name).map(({ file }) => file))].toSorted());
  });

  it.each(['dev', 'prod'])('%s changes what the base has', (name) => {
    const names = manifestsIn('base').map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const patches = patchesOf(name);
    const changed = manifestsIn(name).filter(({ file }) => patches.includes(file));
    expect(changed.length).toBeGreaterThan(0);
    for (const { kind, metadata } of changed) expect(names).toContain(`${kind} ${metadata.name}`);
  });

  it('give privileges to the engine alone', () => {
    const [spec] = manifestsIn('base').flatMap((one) => (one.kind === 'Deployment' ? [one.spec] : []));
    const { template } = spec as { template: { spec: Record<string, { name: string; securityContext?: object }[]> } };
    const all = [...(template.spec.initContainers ?? []), ...(template.spec.containers ?? [])];
    const privileged = all.filter(({ securityContext = {} }) => 'privileged' in securityContext);
    expect(privileged.map(({ name }) => name)).toEqual(['engine']);
  });
});
