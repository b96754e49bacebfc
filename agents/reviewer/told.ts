/** What a language model that reviews a search is told of it: the whole search as data, results as its researcher saw them. */
import { canonicalJson, deviationLine, type JsonObject, type Plan, type Remark } from '../../src/contract/index.ts';
import type { NamedResult, Reviewed } from '../ports.ts';
import { data } from '../show/data.ts';
import { receiptLine, showRefusal, showResult } from '../show/result.ts';

/** Characters of results that are shown whole, about 15,000 tokens; above them uncited results, then all, stand as their receipts. */
const MOST = 60_000;

/** Returns the values for the places of the prompt `reviewed.md` that are about the search. */
export function searchTold({
  claim,
  observation,
  remarks,
  deviations,
}: Reviewed): Record<'plan' | 'experiments' | 'deviations' | 'remarks' | 'claim', string> {
  const { results, refusals, plan } = observation;
  const cited = Object.values(claim.cites).flat();
  const all = Object.entries(results);
  const whole = all.map(([name, result]) => experiment(name, result));
  const brief = all.map(([name, result], index) =>
    cited.includes(result.act) ? (whole[index] ?? '') : folded(name, result),
  );
  const least = all.map(([name, result]) => folded(name, result));
  const shown = [whole, brief].find((texts) => texts.join('').length <= MOST) ?? least;
  return {
    plan: plan === null ? 'none' : data('plan', planText(plan)),
    experiments: [...shown, ...refusals.map(showRefusal)].join('\n'),
    deviations: deviations.length === 0 ? 'It did not.' : data('deviations', deviations.map(deviationLine).join('\n')),
    remarks: remarks.length === 0 ? 'Nothing.' : data('remarks', remarksText(remarks)),
    claim: data('claim', canonicalJson(claim)),
  };
}

function experiment(name: string, result: NamedResult): string {
  return `${called(result.input)}\n${showResult(name, result)}`;
}

function folded(name: string, result: NamedResult): string {
  return `${called(result.input)}\n${data('result', `${receiptLine(name, result)}\n(shown by its receipt only)`)}`;
}

const called = (input: JsonObject): string => data('input', canonicalJson(input));

/** Returns an intent and its items, one a line. */
export function planText({ intent, items }: Plan): string {
  return [intent, ...items.map((item) => canonicalJson(item))].join('\n');
}

/** Returns what a reviewer saw, a line for each remark. */
export function remarksText(remarks: readonly Remark[]): string {
  return remarks
    .map(({ rule, says, acts }) => `${rule}: ${says}${acts.length > 0 ? ` (${acts.join(', ')})` : ''}`)
    .join('\n');
}
