import { once } from 'node:events';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeCertificate } from '../../support/certificate.ts';
import { type Doctor, openDoctor } from '../../support/doctor.ts';
import { FakeIncus } from '../../support/incus-machines/fake-incus.ts';
import { makeIncusCommand } from '../../support/incus-machines/incus-command.ts';
import { CONTAINER_IMAGE, MACHINE_IMAGE, USUAL_IMAGE } from '../../support/incus-machines/place.ts';
import { FakeMembers } from '../../support/incus-members/fake-members.ts';

let doctor: Doctor;
let incus: FakeIncus;
let command: Awaited<ReturnType<typeof makeIncusCommand>>;

beforeEach(async () => {
  doctor = await openDoctor();
  incus = await FakeIncus.start('none');
  command = await makeIncusCommand();
});

afterEach(async () => {
  await command.remove();
  await incus.close();
  await doctor.close();
});

/** What doctor says of these settings where there is no Docker, and Incus is where they say. */
async function look(settings: Readonly<Record<string, string>>): Promise<string> {
  const all = { DOCKER_HOST: 'unix:///nowhere/engine.sock', INCUS_REMOTE: incus.socketPath, ...settings };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return (await doctor.look(doctor.good(lines.join('\n')), 0o600, ['env', `PATH=${command.path}`])).text;
}

it.each([
  [{ SANDBOX_MODE: 'incus', INCUS_SANDBOX_IMAGE: CONTAINER_IMAGE }, /^ok +image of Incus: It has clara-container\.$/m],
  [{ SANDBOX_MODE: 'incus', INCUS_SANDBOX_IMAGE: USUAL_IMAGE }, /^ok +image of Incus: It has clara-usual\.$/m],
  [{ SANDBOX_MODE: 'incus' }, /^fail +image of Incus: It has no image clara-sandbox:latest/m],
  [{ SANDBOX_MODE: 'incus', INCUS_SANDBOX_IMAGE: MACHINE_IMAGE }, /^fail +image of Incus: .* for a virtual-machine/m],
  [{ SANDBOX_MODE: 'incus-vm', INCUS_SANDBOX_IMAGE: MACHINE_IMAGE }, /^ok +image of Incus: It has clara-machine\.$/m],
  [
    { SANDBOX_MODE: 'incus-vm', INCUS_SANDBOX_IMAGE: USUAL_IMAGE },
    /^fail +image of Incus: It has no image clara-usual/m,
  ],
  [{ SANDBOX_MODE: 'incus', INCUS_PROJECT: 'another' }, /^fail +project of Incus: There is no project another\./m],
  [{ SANDBOX_MODE: 'incus', INCUS_REMOTE: '/nowhere/unix.socket' }, /^fail +Incus: .*\n +To mend: Start it/m],
])('npm run doctor asks the Incus that the settings name: %j', async (settings, finding) => {
  expect(await look(settings)).toMatch(finding);
});

it('npm run doctor says which limits the kernel does not hold, by what Incus warns of', async () => {
  const settings = { SANDBOX_MODE: 'incus' };
  expect(await look(settings)).toMatch(/^ok +cgroups: /m);
  incus.warnings = () => [{ type: "Couldn't find the CGroup memory controller", status: 'new' }];
  expect(await look(settings)).toMatch(/^fail +cgroups: The kernel does not limit memory: .*\n +To mend: /m);
});

it('npm run doctor says of auto what the server will choose', async () => {
  const there = await look({ INCUS_SANDBOX_IMAGE: CONTAINER_IMAGE });
  expect(there).toMatch(/^ok +mode: incus: Docker does not answer/m);
  expect(there).toMatch(/^ok +image of Incus: It has clara-container\.$/m);
  expect(await look({ INCUS_SANDBOX_IMAGE: MACHINE_IMAGE, INCUS_SANDBOX_TYPE: 'vm' })).toMatch(
    /^ok +mode: incus-vm: /m,
  );
  expect(await look({})).toMatch(/^fail +engine: No Docker engine answers/m);
});

/** The fake over TLS, with what opens it in the folder of the doctor's settings. */
async function listenFar(): Promise<Server> {
  const folder = join(doctor.folder, 'data', 'incus');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { key, certificate: cert } = await makeCertificate('incus.example', folder);
  const names = { 'key.pem': 'client.key', 'certificate.pem': 'server.crt' };
  for (const [from, to] of Object.entries(names)) await rename(join(folder, from), join(folder, to));
  await copyFile(join(folder, 'server.crt'), join(folder, 'client.crt'));
  const server = createServer({ key, cert }, (socket) => {
    const there = connect(incus.socketPath);
    for (const end of [socket, there]) end.on('error', () => undefined);
    socket.pipe(there).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

it('npm run doctor asks Incus of other machines as the server does, and nothing of this one', async () => {
  const server = await listenFar();
  const { port } = server.address() as AddressInfo;
  const far = { SANDBOX_MODE: 'incus', INCUS_REMOTE: `https://127.0.0.1:${port}` };
  const found = await look({ ...far, INCUS_SANDBOX_IMAGE: CONTAINER_IMAGE });
  expect(found).toMatch(/^ok +Incus: Version 6\.0\.4 answers, has the project, and trusts this server\.$/m);
  expect(found).toMatch(/^ok +image of Incus: It has clara-container\.$/m);
  expect(found).toMatch(/^ok +disk limit: Each sandbox gets a volume of Incus/m);
  expect(found).not.toContain('npm run incus');
  expect(await look({ ...far, INCUS_SANDBOX_IMAGE: 'absent' })).toMatch(
    /^fail +image of Incus: It has no image absent/m,
  );
  server.close();
  expect(await look(far)).toMatch(/^fail +Incus: The Incus at https:\/\/127\.0\.0\.1:\d+ does not answer/m);
});

it('npm run doctor says which members of a cluster answer', async () => {
  const closers: (() => Promise<unknown>)[] = [];
  const members = await FakeMembers.start(closers);
  await members.makeTrusted(join(doctor.folder, 'data'));
  const cluster = { SANDBOX_MODE: 'incus', INCUS_REMOTE: members.remote };
  expect(await look(cluster)).toMatch(/^ok +members of the cluster: All answer: node1, node2, node3\.$/m);
  members.stop('node2');
  expect(await look(cluster)).toMatch(/^fail +members of the cluster: No answer from node2, .* node1, node3\./m);
  for (const close of closers.reverse()) await close();
});

it('npm run doctor leaves a trust token to the server', async () => {
  const far = { SANDBOX_MODE: 'incus', INCUS_REMOTE: 'https://127.0.0.1:1' };
  expect(await look({ ...far, INCUS_TRUST_TOKEN: 'good-once' })).toMatch(/^ok +Incus: .* once the server has shown/m);
  expect(await look(far)).toMatch(/^fail +Incus: Incus at https:\/\/127\.0\.0\.1:1 does not know this server/m);
});
