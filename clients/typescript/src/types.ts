import type { components, operations } from './schema.ts';

type Schemas = components['schemas'];
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { 'application/json': infer Json } };
}
  ? Json
  : never;

export type SandboxInfo = Schemas['SandboxInfo'];
export type Execution = Schemas['ExecutionResponse'];
export type ChangedFile = NonNullable<Execution['files']>[number];
export type CellExecution = Schemas['CellResponse'];
export type Context = Schemas['Context'];
export type Process = Schemas['Process'];
export type Entry = Schemas['Entry'];
export type Port = Schemas['Port'];
export type Checkpoint = Schemas['Checkpoint'];
export type Usage = Schemas['SandboxUsage'];
export type CreateSettings = Body<'createSandbox'>;
export type UpdateSettings = Body<'updateSandbox'>;
export type ProcessOptions = Body<'startProcess'>;
