/**
 * A result as a language model sees it: scalars and short tables with units, artifacts by name, the receipt in one line. Never
 * arrays: what does not fit is counted, and `more` shows it in pages.
 */
import { ArtifactRef, hashOf, type Json, type JsonObject, Receipt } from '../../src/contract/index.ts';
import { findTool } from '../../tools/index.ts';
import type { NamedRefusal, NamedResult } from '../ports.ts';
import { data } from './data.ts';
import { legendOf } from './legend.ts';
import { cell, columns, isRow, number } from './words.ts';

/** Rows of a table, and items of a list, that are shown without being asked for. */
export const FIRST_ROWS = 12;
const FIRST_ITEMS = 24;
const WIDTH = 60;

/** One line that stands for a result: its name, what made it, how it is cited. It stays when the result is folded away. */
export function receiptLine(name: string, { act, tool, output }: NamedResult): string {
  const receipt = Receipt.safeParse(output['receipt']);
  const start = `${name} = ${tool}, cite ${act}`;
  if (!receipt.success) return start;
  const { engine, dtype, prompts, forwards, rows, edits_fired, edits_requested, noise, audit } = receipt.data;
  const parts = [
    `receipt ${hashOf(output['receipt']).slice(0, 12)}`,
    `engine ${engine}, ${dtype}`,
    `${prompts} prompts, ${forwards} forwards`,
    rows > 0 ? `${rows} edited rows, ${edits_fired} of ${edits_requested} edits fired` : null,
    noise === null ? null : `noise ${number(noise)}`,
    audit === null ? null : `audit within ${number(audit.max_deviation)} (limit ${number(audit.tolerance)})`,
  ];
  return `${start}; ${parts.filter((part) => part !== null).join('; ')}`;
}

export function showResult(name: string, result: NamedResult): string {
  const tool = findTool(result.tool);
  const legend = tool ? legendOf(tool) : new Map<string, string>();
  const fields = Object.entries(result.output).filter(([key]) => key !== 'receipt');
  const lines = fields.flatMap(([key, value]) => field(name, key, value, legend));
  return data('result', [receiptLine(name, result), ...lines, ...meanings(fields, legend)].join('\n'));
}

export function showRefusal({ act, name, tool, failure }: NamedRefusal): string {
  const { code, what, why, instead } = failure;
  return data('refusal', `${name} = ${tool}, refused as ${act} (${code})\n${what}: ${why}.\nInstead: ${instead}.`);
}

function field(name: string, key: string, value: Json, legend: ReadonlyMap<string, string>): string[] {
  const about = legend.get(key) === undefined ? '' : `  -- ${legend.get(key)}`;
  const artifact = ArtifactRef.safeParse(value);
  if (artifact.success) return [artifactLine(name, key, artifact.data)];
  if (Array.isArray(value)) return list(name, key, value, about);
  if (isRow(value)) return [`${key}: ${inLine(value)}${about}`];
  return [`${key} = ${cell(value, WIDTH)}${about}`];
}

function artifactLine(name: string, key: string, { kind, axes, shape, unit }: ArtifactRef): string {
  const size = axes.map((axis, index) => `${axis} ${shape[index]}`).join(' x ');
  return `${key}: artifact ${kind} (${size}), ${unit}; hand it on as {"$from": "${name}.${key}.sha256"}`;
}

function list(name: string, key: string, items: readonly Json[], about: string): string[] {
  if (items.length > 0 && items.every(isRow)) {
    const shown = columns((items as JsonObject[]).slice(0, FIRST_ROWS), WIDTH);
    const rest = items.length - FIRST_ROWS;
    const left =
      rest > 0 ? [`... ${rest} more rows: more {"of": "${name}", "list": "${key}", "from": ${FIRST_ROWS}}`] : [];
    return [`${key}, ${items.length} rows${about}`, ...shown.map((line) => `  ${line}`), ...left];
  }
  const words = items.slice(0, FIRST_ITEMS).map((item) => cell(item, WIDTH));
  const rest = items.length - words.length;
  const left = rest > 0 ? `, ... ${rest} more: more {"of": "${name}", "list": "${key}", "from": ${FIRST_ITEMS}}` : '';
  return [`${key}, ${items.length}: ${words.join(', ')}${left}${about}`];
}

/** What the columns of the tables measure, each said once, at the end. */
function meanings(fields: readonly (readonly [string, Json])[], legend: ReadonlyMap<string, string>): string[] {
  const said = new Set<string>();
  for (const [key, value] of fields) {
    const row = Array.isArray(value) ? value[0] : undefined;
    if (row === undefined || !isRow(row)) continue;
    for (const [column, item] of Object.entries(row)) {
      const about = legend.get(`${key}.${column}`);
      if (about !== undefined && typeof item === 'number') said.add(`${column}: ${about}`);
    }
  }
  return said.size > 0 ? [`columns: ${[...said].join('; ')}`] : [];
}

function inLine(row: JsonObject): string {
  return Object.entries(row)
    .map(([name, value]) => `${name} ${cell(value, WIDTH)}`)
    .join(', ');
}
