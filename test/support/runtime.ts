import Docker from 'dockerode';

/** The runtime that the integration tests run sandboxes in, from SANDBOX_DOCKER_RUNTIME as for the server. */
export const RUNTIME = process.env.SANDBOX_DOCKER_RUNTIME || 'runc';

/** Whether sandboxes run on gVisor's kernel. */
export const IS_GVISOR = RUNTIME === 'runsc';

/** Whether sandboxes have the network cards that the engine gives them; on gVisor not where it is set up without a network. */
export async function hasNetworkCards(): Promise<boolean> {
  if (!IS_GVISOR) return true;
  const { Runtimes } = await new Docker().info();
  return !Runtimes[RUNTIME]?.runtimeArgs?.includes('--network=none');
}
