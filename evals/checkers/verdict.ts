/** The verdict as a function of the gate's result and the criteria's results. Flags are shown and never decide. */
import type { CriterionResult, Verdict, VerdictName } from '../../src/contract/index.ts';

/**
 * `gate` null: the gate was not reached. What is unmeasured decides before what failed, since a hole in the evidence may
 * hide either answer.
 */
export function verdictOf(gate: CriterionResult | null, results: readonly CriterionResult[]): Verdict {
  const [verdict, because] = decide(gate, results);
  return { verdict, because, gate, criteria: [...results] };
}

function decide(gate: CriterionResult | null, results: readonly CriterionResult[]): [VerdictName, string] {
  if (gate === null) return ['inconclusive', 'The gate was not measured.'];
  if (gate.status === 'unmeasured') return ['inconclusive', `The gate could not be measured: ${ended(gate.note)}`];
  if (gate.status === 'fail') return ['behaviour-absent', `The behaviour is not there to be explained: ${name(gate)}.`];
  const deciding = results.filter(({ weight }) => weight !== 'flag');
  const core = deciding.filter(({ weight }) => weight === 'core');
  const unmeasured = deciding.filter(({ status }) => status === 'unmeasured');
  const failed = deciding.filter(({ status }) => status === 'fail');
  const failedCore = failed.filter(({ weight }) => weight === 'core');
  if (core.length === 0) return ['inconclusive', 'No core criterion was checked.'];
  if (unmeasured.length > 0) {
    const [first] = unmeasured as [CriterionResult];
    return ['inconclusive', `${ids(unmeasured)} ${have(unmeasured)} no number: ${ended(first.note)}`];
  }
  if (failedCore.length > 0) return ['not-reproduced', `A core criterion failed: ${failedCore.map(name).join('; ')}.`];
  if (failed.length > 0) return ['partial', `The core holds (${ids(core)}), but ${failed.map(name).join('; ')}.`];
  return ['reproduced', `All ${deciding.length} deciding criteria hold: ${ids(deciding)}.`];
}

function name({ id, measured, threshold }: CriterionResult): string {
  return `${id} is ${rounded(measured)}, asked is ${threshold}`;
}

function rounded(value: number | null): string {
  return value === null ? 'unmeasured' : String(Number(value.toPrecision(3)));
}

const ids = (results: readonly CriterionResult[]): string => results.map(({ id }) => id).join(', ');
const have = (results: readonly unknown[]): string => (results.length === 1 ? 'has' : 'have');
const ended = (note: string): string => (note.endsWith('.') ? note : `${note}.`);
