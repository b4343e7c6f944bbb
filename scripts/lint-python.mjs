import { lintPython } from './lib/python-lint.mjs';

const findings = lintPython();
for (const { file, row, column, code, message } of findings) {
  process.stdout.write(`${file}:${row}:${column} ${code} ${message}\n`);
}
if (findings.length > 0) {
  const what = findings.length === 1 ? 'One place' : `${findings.length} places`;
  process.stderr.write(`${what} in the Python of this repository break the rules of scripts/lib/python-lint.mjs.\n`);
  process.exitCode = 1;
}
