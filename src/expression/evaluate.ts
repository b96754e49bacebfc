/**
 * Gives values to the expressions of a protocol: objects with one `$` key that stand for something known only in the run.
 * Everything else is copied as it is. Nothing here calls a tool or knows a finding.
 */
import { type Claim, type Json, type JsonObject, type ModelFacts, Refusal, readPath } from '../contract/index.ts';
import { drawHeads } from './draw.ts';

type Sealed = Pick<Claim, 'roles' | 'settings'>;

/** What an expression may refer to. */
export interface Scope {
  /** Results by the name of their step; a list of results where a measurement was repeated for each set of a control. */
  readonly values: Record<string, Json>;
  readonly claim?: Sealed;
  /** The set of components that each control stands for at this moment. */
  readonly controls?: Readonly<Record<string, readonly string[]>>;
  readonly run: { readonly seed: number };
  /** Of the open model, in the search. */
  readonly model?: Pick<ModelFacts, 'layers' | 'heads'>;
  readonly behaviour: { readonly tasks: readonly string[] };
}

type Operator = (operand: Json, scope: Scope) => Json;

const operators: Readonly<Record<string, Operator>> = {
  $from: (path, { values }) => read(text('$from', path), values),
  $claim: (role, { claim }) => found('role', text('$claim', role), sealed(claim).roles),
  $setting: (name, { claim }) => found('setting', text('$setting', name), sealed(claim).settings),
  $control: (name, { controls }) => [...found('control', text('$control', name), controls ?? {})],
  $run: (name, { run }) => found('field of the run', text('$run', name), run as Record<string, Json>),
  $behaviour: (name, { behaviour }) => [
    ...found('field of the behaviour', text('$behaviour', name), behaviour as Record<string, readonly string[]>),
  ],
  $top: (operand, scope) => top(operand, scope),
  $union: (operand, scope) => [...byText(lists('$union', operand, scope).flat()).values()],
  $shared: (operand, scope) => shared(lists('$shared', operand, scope)),
  $except: (operand, scope) => except(lists('$except', operand, scope)),
  $count: (operand, scope) => lists('$count', [operand], scope).flat().length,
  $others: (operand, scope) => others(evaluate(operand, scope), scope),
};

/** What may stand as the one `$` key of an expression. */
export const operatorNames: readonly string[] = Object.keys(operators);

/** Returns `expression` with a value in the place of every operator. @throws Refusal */
export function evaluate(expression: Json, scope: Scope): Json {
  if (typeof expression === 'number' && !Number.isFinite(expression)) throw notANumber('the expression', expression);
  if (Array.isArray(expression)) return expression.map((item) => evaluate(item, scope));
  if (expression === null || typeof expression !== 'object') return expression;
  const keys = Object.keys(expression);
  const [operator] = keys.filter((key) => key.startsWith('$'));
  if (operator === undefined)
    return Object.fromEntries(keys.map((key) => [key, evaluate(expression[key] as Json, scope)]));
  if (!Object.hasOwn(operators, operator))
    throw refusal(
      `"${operator}" is no operator`,
      'only the operators of src/expression are known',
      `use one of ${operatorNames.join(', ')}`,
    );
  if (keys.length > 1)
    throw refusal(
      `"${operator}" cannot be read`,
      `it stands beside ${keys.filter((key) => key !== operator).join(', ')}`,
      'write an operator as the only key of its object',
    );
  return (operators[operator] as Operator)(expression[operator] as Json, scope);
}

/** Returns what stands at a path. @throws Refusal naming the path and where it ends, or a number in it that is none */
export function read(path: string, values: Readonly<Record<string, Json>>): Json {
  const result = readPath(path, values);
  if (!result.found)
    throw refusal(`the path ${path} leads nowhere`, result.why, 'name a step that has a result, and a field of it');
  refuseNaN(path, result.value);
  return result.value;
}

/** The first `count` items of a list; all of them where it is shorter, since small models have few heads. */
function top(operand: Json, scope: Scope): Json {
  const { of, count, ...rest } = (
    typeof operand === 'object' && operand !== null && !Array.isArray(operand) ? operand : {}
  ) as JsonObject;
  if (of === undefined || count === undefined || Object.keys(rest).length > 0) {
    throw refusal(
      '$top cannot be read',
      'it needs exactly `of` and `count`',
      'write { $top: { of: { $from: path }, count: 10 } }',
    );
  }
  const [list, number] = [evaluate(of, scope), evaluate(count, scope)];
  if (!Array.isArray(list)) throw refusal('$top cannot be read', '`of` is not a list', 'give it a list, best first');
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0) {
    throw refusal('$top cannot be read', `its count is ${JSON.stringify(number)}`, 'give it a whole number, 0 or more');
  }
  return list.slice(0, number);
}

/** The lists of $union, $shared, $except and $count. A role that the claim leaves out is an empty one. */
function lists(operator: string, operand: Json, scope: Scope): Json[][] {
  const empty = (item: Json) => isClaim(item) && !Object.hasOwn(sealed(scope.claim).roles, item.$claim);
  const found = Array.isArray(operand) ? operand.map((item) => (empty(item) ? [] : evaluate(item, scope))) : [];
  if (found.length > 0 && found.every(Array.isArray)) return found;
  throw refusal(
    `${operator} cannot be read`,
    'its operand is no list of lists',
    `write { ${operator}: [{ $from: path }, { $from: path }] } with paths to lists`,
  );
}

/** What stands in every list, in the order of the first. */
function shared([first = [], ...others]: Json[][]): Json[] {
  const known = others.map(byText);
  return [...byText(first)].filter(([text]) => known.every((list) => list.has(text))).map(([, item]) => item);
}

/** What stands in the first list and in no other, in its order. */
function except([first = [], ...others]: Json[][]): Json[] {
  const known = byText(others.flat());
  return [...byText(first)].filter(([text]) => !known.has(text)).map(([, item]) => item);
}

/** Items by their JSON, each once, in order. */
function byText(items: readonly Json[]): Map<string, Json> {
  return new Map(items.map((item) => [JSON.stringify(item), item]));
}

function isClaim(item: Json): item is { $claim: string } {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && typeof item['$claim'] === 'string';
}

/** As many random heads in the same layers, none of the given ones: a control. The run's seed fixes them. */
function others(components: Json, { model, run }: Scope): Json {
  const like = Array.isArray(components) ? components.map(String) : [];
  if (model === undefined || like.length === 0 || like.some((component) => !/^a\d+\.h\d+$/.test(component)))
    throw refusal(
      '$others cannot be read',
      model === undefined ? 'no model is open for the search' : 'its operand is no list of heads',
      'write { $others: { $from: path } } with a path to heads, in the search',
    );
  const { sets, note } = drawHeads({ like, never: new Set(like), sets: 1, seed: `${run.seed}|others`, model });
  if (sets[0]) return sets[0];
  throw refusal('$others finds no heads', note, 'ask for fewer heads');
}

function text(operator: string, operand: Json): string {
  if (typeof operand === 'string') return operand;
  throw refusal(`${operator} cannot be read`, `its operand is ${JSON.stringify(operand)}`, 'give it a name in quotes');
}

function sealed(claim: Sealed | undefined): Sealed {
  if (claim) return claim;
  throw refusal(
    'an expression asks for the claim',
    'no claim is sealed yet',
    'use $claim and $setting in measurements only',
  );
}

function found<T>(kind: string, name: string, among: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(among, name)) return among[name] as T;
  const names = Object.keys(among);
  throw refusal(
    `there is no ${kind} "${name}"`,
    names.length === 0 ? 'none is known here' : `known are ${names.join(', ')}`,
    'name one that is known',
  );
}

function refuseNaN(path: string, value: Json): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw notANumber(path, value);
  if (value !== null && typeof value === 'object')
    for (const item of Object.values(value)) refuseNaN(path, item as Json);
}

function notANumber(place: string, value: number): Refusal {
  return refusal(
    `${place} holds ${value}`,
    'it is not a number that a record can carry',
    'use null with a reason where nothing was measured',
  );
}

function refusal(what: string, why: string, instead: string): Refusal {
  return new Refusal({ code: 'bad-expression', what, why, instead });
}
