/** What a sealed run of the record brings into its cell, read from its steps. Nothing is judged here. */
import {
  type Cell,
  JournalEntry,
  Protocol,
  type Run,
  RunEvidence,
  type Step,
  type StepKind,
  type StepOf,
} from '../contract/index.ts';
import { loadModelCards, loadProtocols } from '../protocol/index.ts';
import { artifactsOf, type RunRecord } from '../store/index.ts';

/** Returns the evidence of every sealed run that was made here and is no fork, in the order in which they were opened. */
export function evidenceIn(record: RunRecord): RunEvidence[] {
  const [cards, protocols] = [loadModelCards(), loadProtocols()];
  const made = new Set(record.list().flatMap(({ run, imported }) => (imported === null ? [run] : [])));
  const sealed = record.runs({ state: 'sealed' }).filter(({ run, origin }) => made.has(run) && origin === null);
  const journal = journalOf(record);
  const known = [...sealed.map(knownRun), ...record.shared().map(({ evidence, at }) => ({ ...evidence, at }))];
  return sealed.map((run) => {
    const steps = record.steps(run.run);
    const facts = only(steps, 'model-facts')?.facts;
    const verdict = only(steps, 'verdict')?.verdict;
    const protocol = Protocol.safeParse(run.protocol).data;
    return RunEvidence.parse({
      run: run.run,
      behaviour: behaviourOf(run, protocols),
      finding: run.finding,
      model: run.model,
      organism: cards.get(run.model)?.where.kind === 'organism',
      planner: run.planner,
      seed: run.seed,
      protocol_sha256: run.protocol_sha256,
      weights_sha256: facts?.weights_sha256 ?? null,
      revision: facts?.revision ?? null,
      versions: only(steps, 'opened')?.versions ?? {},
      all_heads: facts === undefined ? null : facts.layers * facts.heads,
      claim: only(steps, 'claim')?.claim ?? null,
      verdict,
      null_thresholds: thresholdsOf(protocol),
      artifacts: [...new Set(steps.flatMap(({ body }) => artifactsOf(body).map(({ sha256 }) => sha256)))].sort(),
      ended_at: run.ended_at,
      withdrawn: run.withdrawn,
      rests_on: restsOn(run, steps, known),
      journal: journal.get(run.run) ?? [],
    });
  });
}

/** The first step of a kind: search comes before verification, and no run has two claims or verdicts. */
function only<K extends StepKind>(steps: readonly Step[], kind: K): StepOf<K> | undefined {
  return steps.map(({ body }) => body).find((body): body is StepOf<K> => body.kind === kind);
}

/** Of the frozen protocol, also where it has the form of an earlier time; else of the finding as it is now. */
function behaviourOf({ protocol, finding }: Run, protocols: ReadonlyMap<string, Protocol>): string {
  const frozen = (protocol as { behaviour?: unknown } | null)?.behaviour;
  return typeof frozen === 'string' ? frozen : (protocols.get(finding)?.behaviour ?? 'unknown');
}

function thresholdsOf(protocol: Protocol | undefined): Record<string, number> {
  const all = protocol === undefined ? [] : [...protocol.criteria.new_model, ...protocol.criteria.known_model];
  return Object.fromEntries(
    all.flatMap((criterion) => (criterion.kind === 'exceeds-null' ? [[criterion.id, criterion.threshold.value]] : [])),
  );
}

function journalOf(record: RunRecord): Map<string, JournalEntry[]> {
  const entries = new Map<string, JournalEntry[]>();
  for (const row of record.journalRows()) {
    const entry = JournalEntry.parse({ ...row, body: JSON.parse(row.body) });
    entries.set(entry.body.run, [...(entries.get(entry.body.run) ?? []), entry]);
  }
  return entries;
}

/** A run of which an agent could be told, and from when on. */
interface Known {
  readonly run: string;
  readonly finding: string;
  readonly model: string;
  readonly at: string;
}

const knownRun = ({ run, finding, model, ended_at }: Run): Known => ({ run, finding, model, at: ended_at ?? '' });

/** An agent that was told of a cell was told of the runs that stood behind it by then. */
function restsOn({ run }: Run, steps: readonly Step[], known: readonly Known[]): string[] {
  const told = steps.flatMap(({ at, body }) => {
    if (body.kind !== 'tool-result' || body.tool !== 'recall_memory') return [];
    const cells = body.output['cells'] as Pick<Cell, 'finding' | 'model'>[] | undefined;
    return (Array.isArray(cells) ? cells : []).flatMap(({ finding, model }) =>
      known.filter((one) => one.finding === finding && one.model === model && one.at <= at),
    );
  });
  const names = new Set(told.map((one) => one.run));
  return [...names].filter((name) => name !== run).sort((a, b) => (a < b ? -1 : 1));
}
