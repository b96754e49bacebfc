/**
 * A walk through a transcript: one line in, some lines out. It knows no terminal: the caller reads the lines and prints, so that a
 * person, a file and a test drive the same walk.
 */
import { deviationLine, deviationsOf, Refusal, type Run } from '../contract/index.ts';
import type { Paint } from '../report/index.ts';
import { type NewLabel, type RunReader, type SearchIndex, wordsOf } from '../store/index.ts';
import { hitLines, meaningLines, standingLines, stepCard } from './draw.ts';
import { checkedLabel, meanings, standings, VALUES } from './labels.ts';

export interface Walk {
  readonly run: Run;
  readonly record: RunReader;
  readonly reviewer: string;
  readonly paint: Paint;
  /** Opened when somebody first searches. */
  readonly index: () => SearchIndex;
  /** Appends to the record. */
  readonly keep: (label: NewLabel) => void;
}

export const HELP = [
  'Enter, n       the next step          b    the step before',
  '12             step 12                /a b steps with the words a and b',
  'label <label> <present|absent|unsure> [12,14] [note]',
  'labels         what was said of this run, disputes first',
  'schema         what the labels mean   q    leave',
];
const MOST_HITS = 20;

/** Walks from step 1. `say` returns the lines to print, or null to leave. Contract: a refused word is a line, not an end. */
export function walk(context: Walk): { begin(): string[]; say(line: string): string[] | null } {
  let at = 1;
  const { run, record, paint } = context;
  const deviations = deviationsOf(record.steps(run.run));
  const show = (seq: number): string[] => {
    const [step] = record.page(run.run, seq, 1);
    if (step === undefined) return [`there is no step ${seq}: the run has steps 1 to ${run.steps}`];
    at = seq;
    const cited = standings(record.labels(run.run)).filter(({ words }) =>
      words.some(({ cites }) => cites.includes(seq)),
    );
    const left = deviations.filter(({ act }) => (act ?? 'plan') === step.act).map(deviationLine);
    return stepCard(step, run.steps, paint, { cited: [...new Set(cited.map(({ label }) => label))], left });
  };
  const said = (): string[] => standingLines(standings(record.labels(run.run)), paint, () => '');
  const answer = (line: string): string[] | null => {
    const [word = '', ...rest] = line.trim().split(/\s+/);
    if (word === 'q' || word === 'quit') return null;
    if (word === '' || word === 'n') return show(at + 1);
    if (word === 'b') return show(at - 1);
    if (/^\d+$/.test(word)) return show(Number(word));
    if (line.trim().startsWith('/')) return found(context, line.trim().slice(1));
    if (word === 'label') return labelled(context, rest);
    if (word === 'labels') return said().length === 0 ? ['nothing was said of this run yet'] : said();
    if (word === 'schema') return meaningLines(meanings, paint);
    return word === '?' || word === 'help' ? HELP : ['that word is not known here; these are:', ...HELP];
  };
  return {
    begin: () => [...said(), ...show(1)],
    say: (line) => {
      try {
        return answer(line);
      } catch (error) {
        if (error instanceof Refusal) return [error.message];
        throw error;
      }
    },
  };
}

function found({ run, record, paint, index }: Walk, text: string): string[] {
  const words = wordsOf(text);
  const search = index();
  search.update(record, run.run);
  return hitLines(search.find(record, run.run, words, MOST_HITS), words, paint);
}

function labelled({ run, reviewer, keep }: Walk, [label = '', value = '', ...rest]: readonly string[]): string[] {
  const [first = ''] = rest;
  const cites = /^\d+(,\d+)*$/.test(first) ? first.split(',').map(Number) : [];
  const note = rest.slice(cites.length > 0 ? 1 : 0).join(' ');
  const given = checkedLabel({ run: run.run, label, value, reviewer, cites, note }, run.steps);
  keep(given);
  return [
    `${given.label}: ${given.value}, said by ${reviewer} (one of ${VALUES.join(', ')}; say it again to change your mind)`,
  ];
}
