/**
 * Rankings against a reference ranking of the same model: recall of its top, and rank correlation over shared components. And two
 * rankings that were both measured in the run against each other.
 */
import { type Checker, components, effects, reaches, reference, Unmeasured } from './evidence.ts';
import { spearman } from './spearman.ts';

export const recall: Checker<'recall'> = {
  threshold: ({ threshold, top, reference_top }) =>
    `a share of at least ${threshold.value} of the reference's top ${reference_top} among the top ${top}`,
  find: (criterion, evidence) => {
    const found = components(criterion.found, evidence);
    const { source, heads } = reference(criterion.reference, evidence);
    const known = [...new Set(heads.map(({ component }) => component))];
    short(found, criterion.top, criterion.found);
    short(known, criterion.reference_top, `the reference "${criterion.reference}"`);
    const wanted = known.slice(0, criterion.reference_top);
    const top = new Set(found.slice(0, criterion.top));
    const missed = wanted.filter((component) => !top.has(component));
    const measured = (wanted.length - missed.length) / wanted.length;
    return {
      measured,
      pass: reaches(measured, criterion.threshold.value),
      parts: { found: wanted.length - missed.length, of: wanted.length, wanted, missed, known_from: source },
    };
  },
};

/** Fewer shared components than this say nothing of an order. */
const FEWEST = 3;

export const rankCorrelation: Checker<'rank-correlation'> = {
  threshold: ({ threshold }) => `a rank correlation of at least ${threshold.value}`,
  find: (criterion, evidence) => {
    const { source, heads } = reference(criterion.reference, evidence);
    const known = new Map(heads.flatMap(({ component, effect }) => (effect === null ? [] : [[component, effect]])));
    const { measured, shared } = correlation(effects(criterion.found, evidence), known);
    return {
      measured,
      pass: reaches(measured, criterion.threshold.value),
      parts: { shared, reference: known.size, known_from: source },
    };
  },
};

export const rankAgreement: Checker<'rank-agreement'> = {
  threshold: ({ threshold }) => `a rank correlation of at least ${threshold.value}`,
  find: ({ a, b, threshold }, evidence) => {
    const other = new Map(effects(b, evidence).map(({ component, effect }) => [component, effect]));
    const { measured, shared } = correlation(effects(a, evidence), other);
    return { measured, pass: reaches(measured, threshold.value), parts: { shared } };
  },
};

/** Rank correlation over the components that stand in both. */
function correlation(
  rows: ReturnType<typeof effects>,
  other: ReadonlyMap<string, number>,
): { measured: number; shared: number } {
  const both = rows.filter(({ component }) => other.has(component));
  if (both.length < FEWEST) throw new Unmeasured(`only ${both.length} components stand in both rankings`);
  const measured = spearman(
    both.map(({ effect }) => effect),
    both.map(({ component }) => other.get(component) as number),
  );
  if (Number.isNaN(measured))
    throw new Unmeasured('all effects of a ranking are equal, so there is no order to compare');
  return { measured, shared: both.length };
}

/** A list that ends before the asked depth was not measured deep enough: what it lacks may have been just below. */
function short(list: readonly string[], depth: number, name: string): void {
  if (list.length < depth) throw new Unmeasured(`${name} holds ${list.length} components, and ${depth} are asked for`);
}
