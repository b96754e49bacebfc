/** What rests on a run: its cell, the runs that were forked from it, and the agents that were told of its cell. */
import type { Cell, Run } from '../contract/index.ts';
import type { CellRow } from './cells.ts';
import type { RunReader } from './reader.ts';

export interface Resting {
  readonly run: string;
  readonly finding: string;
  readonly model: string;
  /** How it rests on the run, in words. */
  readonly how: string;
  /** Whether it handed in a claim. */
  readonly claim: boolean;
  readonly verdict: Run['verdict'];
}

export function cellOf(record: RunReader, { finding, model }: Pick<Cell, 'finding' | 'model'>): CellRow | null {
  return record.cells().find((cell) => cell.finding === finding && cell.model === model) ?? null;
}

/** Returns the other runs that rest on one, in the order in which they were opened. */
export function restingOn(record: RunReader, withdrawn: Run): Resting[] {
  const found = new Map<string, string>();
  for (const run of record.runs()) {
    const how = forkOf(run, withdrawn, found) ?? recalled(record, run, withdrawn);
    if (how !== null && run.run !== withdrawn.run) found.set(run.run, how);
  }
  return [...found].flatMap(([name, how]) => {
    const run = record.run(name);
    if (run === undefined) return [];
    const { finding, model, verdict } = run;
    return [{ run: name, finding, model, how, claim: record.step(name, 'claim') !== undefined, verdict }];
  });
}

/** A fork of a fork rests on the first origin too; origins are opened before their forks. */
function forkOf({ origin }: Run, { run }: Run, found: ReadonlyMap<string, string>): string | null {
  if (origin === run) return 'forked from it';
  return origin !== null && found.has(origin) ? `forked from ${origin}` : null;
}

function recalled(record: RunReader, run: Run, { finding, model, ended_at }: Run): string | null {
  const step = record.steps(run.run).find(({ at, body }) => {
    if (body.kind !== 'tool-result' || body.tool !== 'recall_memory' || at < (ended_at ?? '')) return false;
    const cells = body.output['cells'];
    return Array.isArray(cells) && cells.some((cell) => isCell(cell, finding, model));
  });
  return step === undefined ? null : `was told of its cell in step ${step.seq}`;
}

function isCell(cell: unknown, finding: string, model: string): boolean {
  const told = cell as { finding?: unknown; model?: unknown } | null;
  return told?.finding === finding && told.model === model;
}
