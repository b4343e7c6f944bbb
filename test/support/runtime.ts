/** The runtime that the integration tests run sandboxes in, from SANDBOX_DOCKER_RUNTIME as for the server. */
export const RUNTIME = process.env.SANDBOX_DOCKER_RUNTIME || 'runc';

/** Whether sandboxes run on gVisor's kernel. */
export const IS_GVISOR = RUNTIME === 'runsc';
