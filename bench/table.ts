import type { Row, Unit } from './base/row.ts';
import type { Quantiles } from './base/statistics.ts';

const HEADINGS = [
  'row',
  'unit',
  'n',
  'p50',
  'p95',
  'p99',
  'exec n',
  'exec p50',
  'exec p95',
  'exec p99',
  'ratio p50',
  'target',
  'met?',
];

/** The rows as a Markdown table. */
export function toTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, HEADINGS.map((_, column) => (isNumber(column) ? '---:' : '---')), ...rows.map(toCells)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function isNumber(column: number): boolean {
  return column >= 2 && column <= 10;
}

function toCells(row: Row): string[] {
  return [
    row.note ? `${row.name} (${row.note})` : row.name,
    row.unit,
    ...toFigures(row.ours, row.unit),
    ...(row.theirs ? toFigures(row.theirs, row.unit) : ['', '', '', '']),
    row.ratio === null ? '' : `${toText(row.ratio)} ×`,
    row.checks.map((check) => check.target).join('; '),
    row.checks.map((check) => (check.isMet ? 'yes' : '**no**')).join('; '),
  ];
}

function toFigures(quantiles: Quantiles, unit: Unit): string[] {
  const { n, p50, p95, p99 } = quantiles;
  const isSpread = n > 1 && unit === 'ms';
  return [String(n), toText(p50), isSpread ? toText(p95) : '', isSpread ? toText(p99) : ''];
}

function toText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
