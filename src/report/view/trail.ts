/**
 * Finds which steps stand behind a name of the protocol: `inject.best.accuracy` leads to the tool results of the measurement
 * `inject`. A name made by a selection is followed to the results that it picks from.
 */
import type { ArtifactRef, Criterion, JsonObject, Protocol, Step, StepOf } from '../../contract/index.ts';
import type { Origin } from './types.ts';

/** A tool result with the input of the call that it answers. */
export interface Result {
  readonly act: string;
  readonly call: string;
  readonly phase: 'search' | 'verify';
  readonly tool: string;
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly artifacts: readonly ArtifactRef[];
}

/** Returns every tool result in order, joined with its call. */
export function resultsOf(steps: readonly Step[]): Result[] {
  const inputs = new Map<string, JsonObject>();
  const results: Result[] = [];
  for (const { act, body } of steps) {
    if (body.kind === 'tool-call') inputs.set(act, body.input);
    if (body.kind === 'tool-result') results.push({ ...pickResult(body), act, input: inputs.get(body.call) ?? {} });
  }
  return results;
}

function pickResult({ call, phase, tool, output, artifacts }: StepOf<'tool-result'>): Omit<Result, 'act' | 'input'> {
  return { call, phase, tool, output, artifacts };
}

/** Returns the protocol's name for the work of an act (`verify/random_sets/07` -> random_sets), or null. */
export function nameOf(call: string, protocol: Protocol): string | null {
  const words = call.split('/').map((word) => word.replace(/^\d+-/, ''));
  const names = new Set(stepsOf(protocol).map((step) => step.name));
  return words.findLast((word) => names.has(word)) ?? null;
}

/** Whether the act repeats a measurement over the sets of a control. */
export function isControl(call: string, protocol: Protocol): boolean {
  const name = nameOf(call, protocol);
  const measurement = protocol.measurements.find((step) => step.name === name);
  return (
    measurement !== undefined && 'over' in measurement && measurement.over !== undefined && call.startsWith('verify')
  );
}

/** Returns the acts and artifacts behind a criterion, verification first; at most one for each measurement. */
export function originsOf(criterion: Criterion | undefined, protocol: Protocol, results: readonly Result[]): Origin[] {
  if (criterion === undefined) return [];
  const names = new Set([...pathsOf(criterion)].flatMap((path) => resolve(path, protocol)));
  const found = new Map<string, Origin>();
  for (const result of [...results].sort((a, b) => Number(a.phase === 'search') - Number(b.phase === 'search'))) {
    const name = nameOf(result.call, protocol);
    if (name === null || !names.has(name) || found.has(name)) continue;
    found.set(name, { act: result.act, artifact: result.artifacts[0]?.sha256 ?? null });
  }
  return [...found.values()];
}

function stepsOf(protocol: Protocol): Protocol['measurements'] {
  return [...protocol.measurements, ...protocol.gate.measure, ...protocol.procedure];
}

/** Every string in the criterion that could be a path; names are told apart by `resolve`. */
function pathsOf(criterion: Criterion): Set<string> {
  const { id: _id, says: _says, weight: _weight, kind: _kind, ...rest } = criterion;
  const paths = new Set<string>();
  JSON.stringify(rest, (key, value: unknown) => {
    if (typeof value === 'string' && key !== 'source' && key !== 'because') paths.add(value);
    return value;
  });
  return paths;
}

function resolve(path: string, protocol: Protocol, depth = 0): string[] {
  const name = path.split(/[.[]/)[0] ?? '';
  const step = stepsOf(protocol).find((item) => item.name === name);
  if (step === undefined || depth > 8) return [];
  return 'pick' in step ? resolve(step.pick.from, protocol, depth + 1) : [name];
}
