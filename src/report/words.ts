/** Words and tones that both faces use for verdicts, sets of criteria and states, so that they cannot drift apart. */
import type { AgreementView, CriterionView, RunView } from './view/index.ts';

export type Tone = 'pass' | 'fail' | 'warn' | 'none';

const VERDICT_TONE: Record<string, Tone> = {
  reproduced: 'pass',
  partial: 'warn',
  'not-reproduced': 'fail',
  'behaviour-absent': 'warn',
  inconclusive: 'none',
};
const STATUS_TONE: Record<string, Tone> = { pass: 'pass', fail: 'fail', unmeasured: 'none' };

/** A negative verdict is a result, so its tone says which way it went and never that something broke. */
export function toneOfVerdict(verdict: string): Tone {
  return VERDICT_TONE[verdict] ?? 'none';
}

export function toneOfStatus(status: string): Tone {
  return STATUS_TONE[status] ?? 'none';
}

export const SET_TITLE: Record<CriterionView['set'], string> = {
  gate: 'Gate: is the behaviour there at all?',
  'known-model': 'Agreement with what is known of this model',
  'new-model': 'Evidence on this model, held-out prompts',
};

/** Returns the verdict of a sealed run or, for others, what became of the run. */
export function outcomeOf({ verdict, run }: RunView): { word: string; because: string; tone: Tone } {
  if (verdict !== null && run.state === 'sealed') {
    const { name } = verdict;
    if (run.withdrawn !== null)
      return {
        word: 'withdrawn',
        because: `It counts no more: ${run.withdrawn} Its verdict was ${name}.`,
        tone: 'none',
      };
    const forked = run.origin === null ? '' : ` Forked from run ${run.origin}, so it counts in no cell.`;
    return { word: name, because: `${verdict.because}${forked}`, tone: toneOfVerdict(name) };
  }
  const because = run.note === '' ? 'no verdict has been sealed, so the cell of the grid stays empty' : run.note;
  return { word: run.state, because, tone: 'none' };
}

/** Returns what a measured number was compared with: the two sides of a difference, the controls; empty where there is neither. */
export function comparedInWords(item: CriterionView, write: (value: number) => string): string {
  const { value, over } = item.parts;
  const sides = typeof value === 'number' && typeof over === 'number' ? [`${write(value)} against ${write(over)}`] : [];
  const itself = item.shown !== item.measured && item.shown !== null ? [`${write(item.shown)} itself`] : [];
  return [...sides, ...itself, ...recalledInWords(item), ...nullsInWords(item, write)].join('; ');
}

function recalledInWords({ parts: { found, of, missed } }: CriterionView): string[] {
  if (typeof found !== 'number' || typeof of !== 'number') return [];
  const lacking = Array.isArray(missed) && missed.length > 0 ? `, missing ${missed.join(', ')}` : '';
  return [`${found} of ${of}${lacking}`];
}

export const AGREEMENT_TITLE = 'Estimates against the exact sweep of the same prompts';

/** Returns how far an estimate agrees with the exact sweep. */
export function agreementInWords(item: AgreementView, write: (value: number | null) => string): string {
  const { method, phase, spearman, shared, top, heads } = item;
  const half = phase === 'search' ? 'search half' : 'held-out half';
  return `${method}, ${half}: rank correlation ${write(spearman)} over ${heads} heads; ${shared} of the top ${top} are the same`;
}

/** Returns where the rankings come from that a set of criteria is compared with, each once. */
export function knownFrom(criteria: readonly CriterionView[]): string[] {
  const sources = criteria.map(({ parts }) => parts['known_from']).filter((source) => typeof source === 'string');
  return [...new Set(sources)];
}

function nullsInWords(
  { null_values, null_best, null_mean }: CriterionView,
  write: (value: number) => string,
): string[] {
  if (null_best === null || null_mean === null) return [];
  return [`${null_values.length} controls on this model: best ${write(null_best)}, mean ${write(null_mean)}`];
}
