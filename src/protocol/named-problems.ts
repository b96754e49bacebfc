/**
 * What a protocol names outside of itself and its tools: operators, its behaviour with tasks, variants and positions, its reference model. Each
 * would else be found out in the run, which would end `inconclusive` for a slip of the pen. Names within it are looked at in `problems.ts`.
 */
import type { Json, Protocol } from '../contract/index.ts';
import { operatorNames } from '../expression/index.ts';
import { behaviourNames, loadBehaviour, taskNames } from './behaviours.ts';
import { filled } from './contrast-problems.ts';
import { modelNames } from './models.ts';
import { nearest } from './names.ts';

/** Returns one clause for each name that is not known. @throws Refusal where the behaviour itself cannot be used */
export function namedProblems(protocol: Protocol): string[] {
  const { behaviour, reference_model, claim_from, criteria } = protocol;
  const steps = stepsOf(protocol);
  return [
    ...unknown('the finding', 'behaviour', behaviour, behaviourNames()),
    ...unknown('the finding', 'reference model', reference_model, modelNames()),
    ...[...criteria.new_model, ...criteria.known_model].flatMap(({ id, models = [] }) =>
      models.flatMap((model) => unknown(`criterion ${id}`, 'model', model, modelNames())),
    ),
    ...steps.flatMap(({ name, input }) => operatorProblems(`step "${name}"`, input)),
    ...operatorProblems('claim_from', claim_from as unknown as Json),
    ...(behaviourNames().includes(behaviour) ? promptProblems(behaviour, steps) : []),
  ];
}

type Step = { readonly name: string; readonly input: { readonly [field: string]: Json } };

function stepsOf({ gate, procedure, measurements }: Protocol): Step[] {
  return [...gate.measure, ...procedure, ...measurements].flatMap((item) => ('tool' in item ? [item] : []));
}

function unknown(where: string, noun: string, name: string, known: readonly string[]): string[] {
  if (known.includes(name)) return [];
  const near = nearest(name, known);
  const others = near === undefined ? `known are ${known.join(', ')}` : `the nearest is ${near}`;
  return [`${where} names the unknown ${noun} "${name}"; ${others}`];
}

/** An object with a `$` key stands for a value, and for nothing else. */
function operatorProblems(where: string, expression: Json): string[] {
  if (expression === null || typeof expression !== 'object') return [];
  const inner = Object.values(expression).flatMap((value) => operatorProblems(where, value as Json));
  const keys = Array.isArray(expression) ? [] : Object.keys(expression);
  const [operator] = keys.filter((key) => key.startsWith('$'));
  if (operator === undefined) return inner;
  const beside = keys.filter((key) => key !== operator);
  return [
    ...unknown(where, 'operator', operator, operatorNames),
    ...(beside.length === 0
      ? []
      : [`${where} writes ${operator} beside ${beside.join(', ')}, and it must stand alone`]),
    ...inner,
  ];
}

/** Fields of tools that name tokens of a prompt. */
const PLACES = ['positions', 'queries', 'keys'];
/** Tokens that every contrast pair has. */
const EVERYWHERE = ['START', 'END'];
const DEMONSTRATIONS = 'demonstrations.';

/** Of prompts that are of the behaviour's own kind; others have no tasks of it. */
function promptProblems(behaviour: string, steps: readonly Step[]): string[] {
  const loaded = loadBehaviour(behaviour);
  const tasks = taskNames(loaded);
  const variants = (loaded.contrast?.tasks ?? []).flatMap(({ counterfactuals }) =>
    counterfactuals.map(({ name }) => name),
  );
  const slots = (loaded.contrast?.tasks ?? []).flatMap((task) => [...task.slots, ...task.each].flatMap(filled));
  const places = [...EVERYWHERE, ...new Set(slots)];
  return steps.flatMap(({ name, input }) => {
    const prompts = input['prompts'];
    if (prompts === null || typeof prompts !== 'object' || Array.isArray(prompts)) return [];
    if (prompts['kind'] !== loaded.file.kind) return [];
    const where = `step "${name}"`;
    const named = [prompts['tasks']].flat().filter((task) => typeof task === 'string');
    const told = [prompts['variant'], prompts['counterfactual']].filter((variant) => typeof variant === 'string');
    return [
      ...named.flatMap((task) => unknown(where, `task of ${behaviour}`, task, tasks)),
      ...(loaded.contrast === null
        ? []
        : [
            ...told.flatMap((variant) => unknown(where, `variant of ${behaviour}`, variant, ['clean', ...variants])),
            ...placesIn(input).flatMap((place) => unknown(where, `position of ${behaviour}`, place, places)),
          ]),
    ];
  });
}

/** The slots at which a step looks; a word that stands alone (all, last) and a number from the end name none. */
function placesIn(input: Step['input']): string[] {
  return PLACES.flatMap((field) => (Array.isArray(input[field]) ? input[field] : []))
    .filter((place) => typeof place === 'string')
    .map((place) => place.replace(DEMONSTRATIONS, ''));
}
