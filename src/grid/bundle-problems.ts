/** What is wrong with the evidence of one run in a bundle: whether its entries of the journal seal what it says. */
import { canonicalJson, type JournalEntry, type RunEvidence } from '../contract/index.ts';
import { journalProblems } from '../store/index.ts';

/** Returns one sentence, or null where nothing is wrong. @param key that signed the bundle */
export function evidenceProblem(evidence: RunEvidence, key: string): string | null {
  const { run, journal, verdict, withdrawn, ended_at } = evidence;
  const say = (what: string): string => `run ${run}: ${what}`;
  const rows = journal.map((entry) => ({ ...entry, body: canonicalJson(entry.body) }));
  const [broken] = journalProblems(rows, false);
  if (broken !== undefined) return say(broken);
  if (journal.some((entry) => entry.body.run !== run || entry.key !== key))
    return say('an entry of the journal is of another run or another key');
  const sealing = sealingOf(evidence);
  if (sealing === null || sealing.body.kind !== 'sealed') return say('nothing says that it was sealed');
  if (sealing.body.verdict !== verdict.verdict || sealing.at !== ended_at)
    return say('it says another verdict or time than its sealing');
  const because = journal.flatMap(({ body }) => (body.kind === 'withdrawn' ? [body.because] : []));
  return (because[0] ?? null) === withdrawn ? null : say('its withdrawal is not that of the journal');
}

export function sealingOf({ journal }: RunEvidence): JournalEntry | null {
  return journal.find(({ body }) => body.kind === 'sealed') ?? null;
}
