/** A run: one attempt at one finding on one model with one seed. Its state is bookkeeping; what it found is the verdict. */
import * as z from 'zod';
import { Json, Seed, Sha256, Slug } from './names.ts';
import { VerdictName } from './verdict.ts';

export const RunState = z.enum(['running', 'sealed', 'faulted', 'cancelled']);
export type RunState = z.infer<typeof RunState>;

export const Run = z.strictObject({
  run: z.string().describe('ULID'),
  finding: Slug,
  model: Slug,
  planner: z.string(),
  seed: Seed,
  protocol_sha256: Sha256,
  protocol: z.json().describe('the frozen protocol'),
  state: RunState,
  verdict: VerdictName.nullable().describe('null until sealed'),
  opened_at: z.string(),
  ended_at: z.string().nullable(),
  steps: z.number().int(),
  head: Sha256.nullable().describe('hash of the last step'),
  note: z.string(),
  origin: z.string().nullable().describe('the run that it was forked from'),
  withdrawn: z.string().nullable().describe('why it counts no more'),
});
export type Run = z.infer<typeof Run>;

/** What all sealed runs say of one finding on one model; a view, never stored. Forked runs are not independent and count in none. */
export const Cell = z.strictObject({
  behaviour: Slug,
  finding: Slug,
  model: Slug,
  organism: z.boolean().describe('true: the cell tests the instrument and says nothing of large models'),
  verdict: VerdictName.nullable().describe('the most frequent one; null where every run was withdrawn'),
  runs: z.number().int(),
  agreeing: z.number().int(),
  verdicts: z.record(z.string(), z.number().int()),
  latest: z.string(),
  withdrawn: z.array(z.strictObject({ run: z.string(), because: z.string() })).describe('runs that count no more'),
});
export type Cell = z.infer<typeof Cell>;

export const RunExport = z.strictObject({ run: Run, steps: z.array(z.record(z.string(), Json)) });
