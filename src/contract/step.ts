/**
 * Steps: everything that happened in a run, in order. The CLI, the report and the resume logic read steps and nothing else.
 * `act` is the step's stable name inside its run: recording the same act twice gives one step.
 */
import * as z from 'zod';
import { ArtifactRef } from './artifact.ts';
import { Budget, BudgetName } from './budget.ts';
import { Claim, Plan, Remark, SealedClaim } from './claim.ts';
import { Failure } from './error.ts';
import { ModelFacts } from './model.ts';
import { Engine, Json, Sha256, Slug } from './names.ts';
import { FailedReplyBody, ReplyBody, TurnBody } from './turn.ts';
import { CriterionResult, Verdict } from './verdict.ts';

export const Phase = z.enum(['search', 'verify']).describe('search: the agent asked; verify: the protocol asked');

export const StepBody = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('opened'),
    finding: Slug,
    protocol_sha256: Sha256,
    model: Slug,
    planner: z.string(),
    planner_settings: z
      .record(z.string(), Json)
      .optional()
      .describe('what its decisions depend on, e.g. the hash of its prompts'),
    engine: Engine.optional().describe('absent in runs from before there were two'),
    seed: z.number().int(),
    split_sha256: z.strictObject({ search: Sha256, 'held-out': Sha256 }),
    versions: z.record(z.string(), Json),
    budget: Budget.optional().describe('what the agent may spend; absent: no limit but that of calls'),
    forked: z
      .strictObject({ run: z.string(), seq: z.number().int(), hash: Sha256 })
      .optional()
      .describe('the run whose steps up to `seq` this one shares, and the hash of that step there'),
  }),
  z.strictObject({ kind: z.literal('model-facts'), phase: Phase, facts: ModelFacts }),
  z.strictObject({ kind: z.literal('gate'), phase: Phase, result: CriterionResult }),
  z.strictObject({ kind: z.literal('plan'), plan: Plan, sha256: Sha256 }),
  z.strictObject({
    kind: z.literal('tool-call'),
    phase: Phase,
    tool: z.string(),
    input: z.record(z.string(), Json),
    serves: z.array(z.string()),
    because: z.string(),
  }),
  z.strictObject({
    kind: z.literal('tool-result'),
    phase: Phase,
    call: z.string().describe('act of the call'),
    tool: z.string(),
    output: z.record(z.string(), Json),
    artifacts: z.array(ArtifactRef),
  }),
  z.strictObject({ kind: z.literal('refusal'), phase: Phase, call: z.string(), failure: Failure }),
  z.strictObject({ kind: z.literal('fault'), phase: Phase, failure: Failure }),
  TurnBody,
  ReplyBody,
  FailedReplyBody,
  z
    .strictObject({ kind: z.literal('resumed') })
    .describe('a run with a budget goes on after a pause, which is not charged'),
  z.strictObject({
    kind: z.literal('budget-spent'),
    of: BudgetName,
    limit: z.number(),
    spent: z.number().nullable().describe('null: not known, so that more cannot be allowed'),
  }),
  z.strictObject({
    kind: z.literal('budget-raised'),
    limits: Budget.describe('the new limits; others stay'),
    by: z.string().min(1).describe('the person'),
    because: z.string().min(1).max(4000),
  }),
  z.strictObject({ kind: z.literal('gave-up'), reason: z.string() }),
  z.strictObject({
    kind: z.literal('review'),
    after: z.number().int().min(0).describe('tool calls of the planner before it'),
    claim: Claim.describe('the claim that was read'),
    sha256: Sha256.describe('of that claim'),
    remarks: z.array(Remark),
    opinion: z
      .enum(['accept', 'one-more-round'])
      .nullable()
      .optional()
      .describe(
        "what the planner's own language model said, asked apart; null: it gave no answer that holds; absent: not asked",
      ),
    one_more_round: z.boolean().describe('true: the planner was asked to act again or to hand in again'),
  }),
  z.strictObject({ kind: z.literal('claim'), claim: SealedClaim, sha256: Sha256 }),
  z.strictObject({
    kind: z.literal('control-sets'),
    control: z.string(),
    sets: z.array(z.array(z.string())),
    note: z.string(),
  }),
  z.strictObject({ kind: z.literal('verdict'), verdict: Verdict }),
  z.strictObject({ kind: z.literal('sealed'), steps: z.number().int(), verdict: z.string() }),
]);
export type StepBody = z.infer<typeof StepBody>;
export type StepKind = StepBody['kind'];
export type StepOf<K extends StepKind> = Extract<StepBody, { kind: K }>;

/** A step as stored: the body, its place, and the hashes that make a change visible. */
export interface Step<B extends StepBody = StepBody> {
  readonly run: string;
  /** From 1, without gaps. */
  readonly seq: number;
  readonly act: string;
  /** ISO time at which the step was recorded; part of `hash`, not of `content`. */
  readonly at: string;
  readonly body: B;
  /** sha256 of the canonical JSON of {act, body}: equal in two runs in which the same thing happened. */
  readonly content: string;
  /** sha256 over the previous step's hash and this step: the chain. */
  readonly hash: string;
}
