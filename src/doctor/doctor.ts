/** Looks at machine and checkout, row by row; printing is the CLI's. Looking changes nothing. */
import { join } from 'node:path';
import { root } from '../root.ts';
import { workerPython } from '../setup/paths.mjs';
import { type Check, checks } from './checks.ts';
import type { Found, Place } from './probes.ts';

export interface Row extends Pick<Check, 'what' | 'why' | 'fix' | 'blocks'> {
  /** `unknown`: not looked at, because what it needs is a problem. */
  readonly status: Found['status'] | 'unknown';
  readonly found: string;
}

/** Contract: never throws; a probe that fails is a row with a problem. */
export async function examine(place: Partial<Place> = {}, table: readonly Check[] = checks): Promise<Row[]> {
  const complete: Place = {
    python: place.python ?? workerPython(),
    record: place.record ?? join(root, 'runs', 'runs.db'),
    artifacts: place.artifacts ?? join(root, 'runs', 'artifacts'),
  };
  const rows: Row[] = [];
  for (const { what, why, fix, blocks, probe, needs } of table) {
    const lacking = rows.find((row) => row.what === needs && row.status !== 'ok');
    const found = lacking ? undefined : await probe(complete).catch(problem);
    rows.push({ what, why, fix, blocks, ...(found ?? { status: 'unknown', found: `not looked at without ${needs}` }) });
  }
  return rows;
}

/** Whether everything that runs need is well. */
export function healthy(rows: readonly Row[]): boolean {
  return rows.every(({ status }) => status === 'ok' || status === 'information');
}

function problem(error: unknown): Found {
  const { stderr = '', message } = error as Error & { stderr?: string };
  // of a traceback the last line says what happened; of a command that failed, so does its stderr
  const words = stderr.trim() === '' ? message : stderr;
  return { status: 'problem', found: words.trim().split('\n').at(-1) ?? '' };
}
