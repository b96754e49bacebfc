/** Joins criterion results with what the frozen protocol says of them: limits as numbers, unit, controls, steps behind. */
import type { Criterion, CriterionResult, Protocol, Quantity, Verdict } from '../../contract/index.ts';
import { mean } from '../numbers.ts';
import { originsOf, type Result } from './trail.ts';
import type { CriterionView } from './types.ts';

/** A run that has no verdict may have a gate. */
export type Judged = Pick<Verdict, 'gate' | 'criteria'>;

type Set_ = CriterionView['set'];

/** Returns gate, known-model and new-model criteria, in this order, as far as the verdict holds them. */
export function criteriaOf(verdict: Judged, protocol: Protocol, results: readonly Result[]): CriterionView[] {
  const known = new Map(protocol.criteria.known_model.map((item) => [item.id, item]));
  const fresh = new Map(protocol.criteria.new_model.map((item) => [item.id, item]));
  const view = (result: CriterionResult, set: Set_, criterion?: Criterion) =>
    criterionView(result, set, criterion, protocol, results);
  const gate = verdict.gate === null ? [] : [view(verdict.gate, 'gate', protocol.gate.criterion)];
  const rest = verdict.criteria.map((result) => {
    const fromKnown = known.get(result.id);
    return fromKnown ? view(result, 'known-model', fromKnown) : view(result, 'new-model', fresh.get(result.id));
  });
  return [
    ...gate,
    ...rest.filter((item) => item.set === 'known-model'),
    ...rest.filter((item) => item.set === 'new-model'),
  ];
}

function criterionView(
  result: CriterionResult,
  set: Set_,
  criterion: Criterion | undefined,
  protocol: Protocol,
  results: readonly Result[],
): CriterionView {
  const nulls = result.null_values;
  return {
    ...result,
    set,
    unit: unitOf(criterion, protocol),
    limits: limitsOf(criterion, nulls),
    shown: shownOf(result, criterion),
    passes: PASSES[criterion?.kind ?? 'at-least'] ?? 'above',
    null_best: nulls.length > 0 ? Math.max(...nulls) : null,
    null_mean: mean(nulls),
    origins: originsOf(criterion, protocol, results),
  };
}

const PASSES: Partial<Record<Criterion['kind'], CriterionView['passes']>> = {
  'at-most': 'below',
  apart: 'below',
  between: 'between',
};

function shownOf({ measured, parts }: CriterionResult, criterion: Criterion | undefined): number | null {
  const value = parts['value'];
  return criterion?.kind === 'exceeds-null' && measured !== null && typeof value === 'number' ? value : measured;
}

/** A value that must lie above every null has its limit above the best of them. */
function limitsOf(criterion: Criterion | undefined, nulls: readonly number[]): number[] {
  if (criterion === undefined) return [];
  if (criterion.kind === 'between') return [criterion.low.value, criterion.high.value];
  if (criterion.kind === 'exceeds-null')
    return nulls.length > 0 ? [Math.max(...nulls) + criterion.threshold.value] : [];
  return [criterion.threshold.value];
}

/** Unit by the last word of the path: the fields of the tools' results, which carry units in their schemas. */
const UNIT_OF_FIELD: Record<string, string> = {
  accuracy: 'share of prompts',
  before: 'share of prompts',
  majority: 'share of prompts',
  accuracy_before: 'share of prompts',
  accuracy_after: 'share of prompts',
  lost_accuracy: 'share of prompts',
  gained_accuracy: 'share of prompts',
  change: 'logit difference',
  probability: 'probability',
  effect: 'change in probability',
  loss: 'nats',
  loss_before: 'nats',
  loss_after: 'nats',
  added_loss: 'nats',
  score: 'score',
  mean: 'score',
  mean_depth: 'share of depth',
};

const UNIT_OF_KIND: Partial<Record<Criterion['kind'], string>> = {
  overlap: 'share of heads',
  apart: 'share of heads',
  recall: 'share of heads',
  'rank-correlation': 'rank correlation',
  'rank-agreement': 'rank correlation',
  ratio: 'times',
};

function unitOf(criterion: Criterion | undefined, protocol: Protocol): string {
  if (criterion === undefined) return '';
  const ofKind = UNIT_OF_KIND[criterion.kind];
  if (ofKind !== undefined) return ofKind;
  const unit = 'value' in criterion ? unitOfPath(pathOf(criterion.value), protocol) : '';
  return criterion.kind === 'exceeds-null' && unit !== '' ? `${unit} over the best control` : unit;
}

function pathOf(quantity: Quantity): string {
  return typeof quantity === 'string' ? quantity : (Object.values(quantity)[0] ?? '');
}

/** A selection's values are the field that it takes. */
function unitOfPath(path: string, protocol: Protocol): string {
  const last = path.split('.').at(-1)?.replace('[]', '') ?? '';
  const selection = [...protocol.measurements, ...protocol.gate.measure].find(({ name }) => name === path);
  const field = selection !== undefined && 'pick' in selection ? selection.pick.take : last;
  return UNIT_OF_FIELD[field] ?? '';
}
