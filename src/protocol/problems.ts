/**
 * What a schema cannot see in a protocol: names that lead nowhere, numbers without a reason, a verdict that nothing decides.
 * Each problem is one clause; tools and their inputs are looked at in `tool-problems.ts`.
 */
import { type Criterion, type Json, nameIn, type Protocol, pathsIn } from '../contract/index.ts';

/** Results that the verification itself adds: the claim's roles. */
const CLAIM = 'claim';

/** Returns what is wrong, in reading order; empty for a protocol that can be run. */
export function protocolProblems(protocol: Protocol): string[] {
  return [
    ...repeatedNames(protocol),
    ...danglingNames(protocol),
    ...emptyLimits(protocol),
    ...servesNothing(protocol),
    ...missingReasons(protocol),
    ...evidenceProblems(protocol),
    ...nothingDecides(protocol),
  ];
}

type Item = Protocol['measurements'][number];

function repeatedNames(protocol: Protocol): string[] {
  const { gate, procedure, measurements, roles, controls, criteria } = protocol;
  const names = (items: readonly Item[]): string[] => items.map(({ name }) => name);
  const lists: ReadonlyArray<[string, readonly string[]]> = [
    ['step of gate and procedure', [...names(gate.measure), ...names(procedure)]],
    ['step of gate and measurements', [CLAIM, ...names(gate.measure), ...names(measurements)]],
    ['role', roles.map(({ role }) => role)],
    ['control', controls.map(({ control }) => control)],
    ['criterion', [...criteria.new_model, ...criteria.known_model].map(({ id }) => id)],
  ];
  return lists.flatMap(([kind, list]) =>
    list.filter((name, index) => list.indexOf(name) !== index).map((name) => `the ${kind} "${name}" is named twice`),
  );
}

/** Follows the protocol in the order in which it runs, with the names that are known at each point. */
function danglingNames(protocol: Protocol): string[] {
  const { gate, procedure, measurements, claim_from, criteria, roles, controls } = protocol;
  const problems: string[] = [];
  const roleNames = roles.map(({ role }) => role);
  const inSearch: Known = { results: new Set(), roles: [], settings: [], controls: [] };
  follow('gate', gate.measure, inSearch, problems);
  look(`gate criterion ${gate.criterion.id}`, pathsOf(gate.criterion), inSearch, problems);
  const inVerify: Known = {
    results: new Set([...inSearch.results, CLAIM]),
    roles: roleNames,
    settings: Object.keys(claim_from.settings),
    controls: [],
  };
  follow('procedure', procedure, inSearch, problems);
  look('claim_from', references(claim_from as unknown as Json), inSearch, problems);
  for (const role of new Set([...roleNames, ...Object.keys(claim_from.roles)])) {
    if (!roleNames.includes(role)) problems.push(`claim_from gives the role "${role}", which is not described`);
    if (!(role in claim_from.roles)) problems.push(`claim_from gives no components for the role "${role}"`);
  }
  for (const { control, role } of controls)
    if (!roleNames.includes(role)) problems.push(`the control "${control}" names the unknown role "${role}"`);
  follow(
    'measurements',
    measurements,
    inVerify,
    problems,
    controls.map(({ control }) => control),
  );
  for (const criterion of [...criteria.new_model, ...criteria.known_model])
    look(`criterion ${criterion.id}`, pathsOf(criterion), inVerify, problems);
  return problems;
}

interface Known {
  readonly results: Set<string>;
  readonly roles: readonly string[];
  readonly settings: readonly string[];
  readonly controls: readonly string[];
}

type Reference = readonly [kind: 'results' | 'roles' | 'settings' | 'controls', name: string];

function follow(
  where: string,
  items: readonly Item[],
  known: Known,
  problems: string[],
  controls: readonly string[] = [],
): void {
  for (const item of items) {
    const here = `${where}, step "${item.name}",`;
    if ('pick' in item) look(here, pickPaths(item.pick), known, problems);
    else {
      const over = 'over' in item && item.over ? [item.over.control] : [];
      for (const control of over)
        if (!controls.includes(control)) problems.push(`${here} runs over the unknown control "${control}"`);
      look(here, references(item.input), { ...known, controls: over }, problems);
    }
    known.results.add(item.name);
  }
}

const WORD = { results: 'step', roles: 'role', settings: 'setting', controls: 'control' } as const;

function look(where: string, wanted: readonly Reference[], known: Known, problems: string[]): void {
  for (const [kind, name] of wanted) {
    const there = kind === 'results' ? known.results.has(name) : known[kind].includes(name);
    if (!there) problems.push(`${where} refers to the ${WORD[kind]} "${name}", which is not known at that point`);
  }
}

const OPERATORS: Readonly<Record<string, Reference[0]>> = {
  $from: 'results',
  $claim: 'roles',
  $setting: 'settings',
  $control: 'controls',
};

/** Returns what the operators of an expression refer to. */
function references(expression: Json): Reference[] {
  if (expression === null || typeof expression !== 'object') return [];
  return Object.entries(expression).flatMap(([key, value]): Reference[] => {
    const kind = OPERATORS[key];
    if (kind === undefined || typeof value !== 'string') return references(value as Json);
    return [[kind, kind === 'results' ? nameIn(value) : value]];
  });
}

function pickPaths({ from, where, otherwise }: Extract<Item, { pick: unknown }>['pick']): Reference[] {
  const others = where.flatMap(({ below_field_by, above_field_by }) =>
    [below_field_by, above_field_by].flatMap((other) => other?.of ?? []),
  );
  return [from, ...others, ...(otherwise === undefined ? [] : [otherwise])].map((path) => ['results', nameIn(path)]);
}

function pathsOf(criterion: Criterion): Reference[] {
  return pathsIn(criterion).map((path) => ['results', nameIn(path)]);
}

function emptyLimits({ roles }: Protocol): string[] {
  return roles.flatMap(({ role, at_least, at_most }) =>
    at_least > at_most ? [`the role "${role}" asks for at least ${at_least} and at most ${at_most} components`] : [],
  );
}

/** A plan by the procedure names criteria that an agent is shown: those of the new-model set. */
function servesNothing({ gate, procedure, measurements, criteria }: Protocol): string[] {
  const shown = new Set(criteria.new_model.map(({ id }) => id));
  const idle = procedure.filter((item) => 'tool' in item && !item.serves.some((id) => shown.has(id)));
  const ids = new Set([gate.criterion, ...criteria.new_model, ...criteria.known_model].map(({ id }) => id));
  return [
    ...[...gate.measure, ...procedure, ...measurements].flatMap((item) =>
      ('serves' in item ? item.serves : [])
        .filter((id) => !ids.has(id))
        .map((id) => `step "${item.name}" serves the unknown criterion "${id}"`),
    ),
    ...idle.map(({ name }) => `step "${name}" of the procedure serves no criterion of the new-model set`),
  ];
}

/** Every number of a protocol that decides something says where it comes from. */
function missingReasons({ gate, roles, controls, evidence, criteria, procedure, measurements }: Protocol): string[] {
  const named: Array<[string, { source?: string | undefined; because?: string | undefined }]> = [
    ...roles.map((role): [string, typeof role] => [`the role "${role.role}"`, role]),
    ...controls.map((control): [string, typeof control] => [`the control "${control.control}"`, control]),
    ...(evidence ?? []).map((asked): [string, typeof asked] => [`the evidence of ${asked.kind}`, asked]),
  ];
  for (const criterion of [gate.criterion, ...criteria.new_model, ...criteria.known_model]) {
    const thresholds = criterion.kind === 'between' ? [criterion.low, criterion.high] : [criterion.threshold];
    for (const threshold of thresholds) named.push([`a threshold of criterion ${criterion.id}`, threshold]);
  }
  for (const item of [...gate.measure, ...procedure, ...measurements]) {
    if (!('pick' in item)) continue;
    for (const condition of item.pick.where)
      if (condition.equals === undefined) named.push([`a condition of step "${item.name}"`, condition]);
  }
  return named.flatMap(([what, { source, because }]) =>
    source || because ? [] : [`${what} has neither source nor because`],
  );
}

/** Every kind that a claim must cite can be had by following the procedure, and nothing else is said to give it. */
function evidenceProblems({ gate, procedure, measurements, roles, evidence = [] }: Protocol): string[] {
  const asked = new Map(evidence.map((one) => [one.kind, one.given_by.map(({ tool }) => tool)]));
  const given = procedure.flatMap((item) =>
    'tool' in item ? (item.gives ?? []).map((kind) => ({ ...item, kind })) : [],
  );
  const elsewhere = [...gate.measure, ...measurements].filter((item) => 'gives' in item && item.gives !== undefined);
  return [
    ...evidence.flatMap(({ kind }, index) =>
      evidence.findIndex((one) => one.kind === kind) < index ? [`evidence of ${kind} is asked for twice`] : [],
    ),
    ...[...asked.keys()]
      .filter((kind) => !given.some((step) => step.kind === kind))
      .map((kind) => `evidence of ${kind} is asked for, and no step of the procedure gives it`),
    ...given
      .filter(({ kind, tool }) => !(asked.get(kind) ?? []).includes(tool))
      .map(({ name, kind, tool }) => `step "${name}" gives ${kind}, and ${tool} is not among what may give it`),
    ...evidence.flatMap(({ kind, given_by }) =>
      given_by
        .filter(({ role }) => role !== undefined && !roles.some((known) => known.role === role))
        .map(({ role }) => `evidence of ${kind} names the unknown role "${role}"`),
    ),
    ...elsewhere.map(({ name }) => `step "${name}" gives evidence, and only steps of the procedure can`),
  ];
}

function nothingDecides({ criteria, gate }: Protocol): string[] {
  if (gate.criterion.weight === 'flag') return ['the gate is a flag, and flags never decide'];
  return criteria.new_model.some(({ weight, models }) => weight === 'core' && models === undefined)
    ? []
    : ['no criterion of the new-model set is core on every model, so nothing could decide a verdict'];
}
