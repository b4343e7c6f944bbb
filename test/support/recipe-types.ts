import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url).pathname;
const FILE = `${ROOT}recipe.ts`;

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
};

/** What the compiler finds wrong with an example in TypeScript that stands at the root of the repository. */
export function typeErrors(code: string): readonly string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === FILE || fileExists(name);
  host.readFile = (name) => (name === FILE ? code : readFile(name));
  host.getSourceFile = (name, version, ...more) =>
    name === FILE ? ts.createSourceFile(name, code, version) : getSourceFile(name, version, ...more);
  const program = ts.createProgram([FILE], OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** The example without its types. */
export function withoutTypes(code: string): string {
  const compilerOptions = { ...OPTIONS, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(code, { compilerOptions, fileName: FILE }).outputText;
}
