/** Whether a result is of what was asked: the model that is open, the half of this phase, every edit made. What it says is not judged here. */
import type * as z from 'zod';
import { Fault, type JsonObject, type ModelFacts, type Phase, Receipt } from '../contract/index.ts';

const SPLIT = { search: 'search', verify: 'held-out' } as const;

interface Asked {
  readonly phase: z.infer<typeof Phase>;
  readonly facts: Pick<ModelFacts, 'weights_sha256'>;
}

/** @throws Fault foreign-receipt, for a result of another model or half, or of edits that were not made */
export function refuseForeignReceipt(tool: string, output: JsonObject, { phase, facts }: Asked): void {
  const receipt = Receipt.safeParse(output['receipt']);
  if (!receipt.success) return; // a tool that reads no model has none; its output schema says which
  const { weights_sha256, split, edits_requested, edits_fired } = receipt.data;
  const wrong = [
    weights_sha256 === facts.weights_sha256 ? '' : `it was measured on weights ${weights_sha256.slice(0, 12)}`,
    split === SPLIT[phase] ? '' : `it was measured on the ${split} half`,
    edits_fired === edits_requested ? '' : `${edits_fired} of ${edits_requested} edits were made`,
  ].filter((what) => what !== '');
  if (wrong.length === 0) return;
  throw new Fault({
    code: 'foreign-receipt',
    what: `the result of ${tool} is not of what was asked`,
    why: `by its receipt ${wrong.join(', and ')}`,
    instead: 'look at the worker: this cannot come from ours',
  });
}
