/**
 * The view model of a run: plain JSON from which terminal and page are drawn. Everything a face shows stands here with the act
 * and artifact it came from, so that no face reads steps or tensors by itself.
 */

import type { CriterionResult, Deviation, ModelFacts, Plan, Receipt, Remark, Run } from '../../contract/index.ts';

/** The step, and where there is one the artifact, behind a number. */
export interface Origin {
  readonly act: string;
  /** sha256 of the artifact, or null where the number stands in the step itself. */
  readonly artifact: string | null;
}

export interface CriterionView extends CriterionResult {
  readonly set: 'gate' | 'known-model' | 'new-model';
  /** Unit of `measured`, or empty where the protocol does not tell. */
  readonly unit: string;
  /** The numbers that `measured` is compared with; two for a range. */
  readonly limits: readonly number[];
  /** The number that stands on the axis of limits and controls; another than `measured` where that is an excess over controls. */
  readonly shown: number | null;
  /** Which side of the limit passes. */
  readonly passes: 'above' | 'below' | 'between';
  readonly null_best: number | null;
  readonly null_mean: number | null;
  readonly origins: readonly Origin[];
}

/** `values` is (layer, head), in `unit`. */
export interface HeatMap extends Origin {
  readonly kind: 'heat-map';
  readonly tool: string;
  readonly phase: 'search' | 'verify';
  readonly title: string;
  readonly unit: string;
  readonly values: readonly (readonly number[])[];
  readonly marked: readonly string[];
}

/** One line of a curve: accuracy, share of prompts, at each layer. */
export interface CurveLine extends Origin {
  readonly label: string;
  readonly role: 'claimed' | 'alternative' | 'other-task' | 'control';
  readonly points: readonly { readonly layer: number; readonly value: number }[];
}

export interface Curve {
  readonly kind: 'curve';
  readonly phase: 'search' | 'verify';
  readonly title: string;
  readonly unit: string;
  readonly before: number | null;
  /** The layer that the claim names, or null. */
  readonly chosen: number | null;
  readonly lines: readonly CurveLine[];
}

export type Figure = HeatMap | Curve;

/** Estimates of the heads' effects against the exact sweep of the same prompts; means over prompts, then tasks. */
export interface AgreementView {
  readonly method: string;
  readonly phase: 'search' | 'verify';
  /** Rank correlation over all heads, or null where one side has no order. */
  readonly spearman: number | null;
  /** Heads that are in both lists of the `top` highest. */
  readonly shared: number;
  readonly top: number;
  readonly heads: number;
  /** The estimate and the exact sweep. */
  readonly origins: readonly Origin[];
}

export interface StepLine {
  readonly seq: number;
  readonly at: string;
  readonly act: string;
  readonly kind: string;
  readonly phase: 'search' | 'verify' | null;
  readonly summary: string;
  readonly content: string;
}

export interface RoleView {
  readonly role: string;
  readonly about: string;
  readonly components: readonly { readonly component: string; readonly effect: number | null }[];
}

export interface ClaimView {
  readonly act: string;
  readonly sha256: string;
  readonly roles: readonly RoleView[];
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  readonly statement: string;
  /** Acts by what they are said to show. */
  readonly cites: readonly { readonly shows: string; readonly acts: readonly string[] }[];
}

export interface RunView {
  readonly run: Omit<Run, 'protocol'>;
  /** From opening to end, or null while it runs. */
  readonly seconds: number | null;
  /** What the agent spent of its budget, in words; empty where it had none. */
  readonly budget: string;
  readonly finding: {
    readonly says: string;
    readonly source: string;
    readonly arxiv: string;
    readonly behaviour: string;
    readonly known_on: readonly string[];
  };
  readonly facts: ModelFacts | null;
  readonly verdict: { readonly name: string; readonly because: string; readonly act: string } | null;
  readonly criteria: readonly CriterionView[];
  readonly claim: ClaimView | null;
  readonly plan: (Plan & { readonly act: string }) | null;
  /** What the reviewer saw before the claim was sealed; empty where nothing, or where nobody looked. */
  readonly remarks: readonly Remark[];
  /** Where the search left the plan. */
  readonly deviations: readonly Deviation[];
  readonly figures: readonly Figure[];
  readonly agreements: readonly AgreementView[];
  readonly steps: readonly StepLine[];
  readonly receipts: readonly { readonly act: string; readonly tool: string; readonly receipt: Receipt }[];
}
