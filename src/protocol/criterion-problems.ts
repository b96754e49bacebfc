/**
 * What is wrong with what a protocol reads and asks: fields that no tool gives, criteria that hold whatever is measured, rankings that
 * lie nowhere. Names of steps and roles are looked at in `problems.ts`.
 */
import { type Criterion, type Json, type Protocol, pathsIn, type Quantity } from '../contract/index.ts';
import { rankingName } from './references.ts';
import { boundsAt, type ResultTypes, typeAt, typesAfter } from './result-types.ts';

/** Returns one clause for each unknown field, in the order in which the protocol runs, and for each idle criterion. */
export function criterionProblems(protocol: Protocol): string[] {
  const { gate, procedure, measurements, claim_from, criteria, published } = protocol;
  const atGate = typesAfter(gate.measure);
  const types = typesAfter(measurements, atGate);
  const all = [...criteria.new_model, ...criteria.known_model];
  const cards = published.flatMap((entry) => rankingName(entry) ?? []);
  return [
    ...fieldsOf('gate', gate.measure, new Map()),
    ...fieldsOf('procedure', procedure, atGate),
    ...unknownFields('claim_from', readIn(claim_from as unknown as Json), typesAfter(procedure, atGate)),
    ...fieldsOf('measurements', measurements, atGate),
    ...[gate.criterion, ...all].flatMap((criterion) => {
      const known = criterion === gate.criterion ? atGate : types;
      return [...unknownFields(`criterion ${criterion.id}`, pathsIn(criterion), known), ...idle(criterion, known)];
    }),
    ...all.flatMap((criterion) =>
      'reference' in criterion && criterion.reference !== 'own' && !cards.includes(criterion.reference)
        ? [
            `criterion ${criterion.id} compares with the ranking of "${criterion.reference}", which is not among the published ones`,
          ]
        : [],
    ),
  ];
}

type Item = Protocol['measurements'][number];

function fieldsOf(where: string, items: readonly Item[], before: ResultTypes): string[] {
  return items.flatMap((item, index) => {
    const types = typesAfter(items.slice(0, index), before);
    const paths = 'pick' in item ? pickedPaths(item.pick) : readIn(item.input);
    return unknownFields(`${where}, step "${item.name}",`, paths, types);
  });
}

function unknownFields(where: string, paths: readonly string[], types: ResultTypes): string[] {
  return paths.flatMap((path) => {
    const found = typeAt(path, types);
    return 'why' in found ? [`${where} reads ${path}: ${found.why}`] : [];
  });
}

function pickedPaths({ from, where, take, otherwise }: Extract<Item, { pick: unknown }>['pick']): string[] {
  const others = where.flatMap(({ below_field_by: below, above_field_by: above }) =>
    [below, above].flatMap((other) =>
      other ? [`${other.of}[].${other.field}`, `${other.of}[].${other.matching}`] : [],
    ),
  );
  const fields = where.flatMap(({ field, more_than_field }) => [field, ...(more_than_field ? [more_than_field] : [])]);
  return [...[take, ...fields].map((field) => `${from}[].${field}`), ...others, ...(otherwise ? [otherwise] : [])];
}

function readIn(expression: Json): string[] {
  if (expression === null || typeof expression !== 'object') return [];
  return Object.entries(expression).flatMap(([key, value]) =>
    key === '$from' && typeof value === 'string' ? [value] : readIn(value as Json),
  );
}

/** A criterion that holds for every number that can be measured, or for none, decides nothing. */
function idle(criterion: Criterion, types: ResultTypes): string[] {
  if (cannotFail(criterion, types))
    return [`criterion ${criterion.id} can never fail: every number there can be meets it`];
  return cannotPass(criterion, types)
    ? [`criterion ${criterion.id} can never pass: no number there can be meets it`]
    : [];
}

function cannotFail(criterion: Criterion, types: ResultTypes): boolean {
  const of = (quantity: Quantity) => bounds(quantity, types);
  switch (criterion.kind) {
    case 'at-least':
      return of(criterion.value).low >= criterion.threshold.value;
    case 'at-most':
      return of(criterion.value).high <= criterion.threshold.value;
    case 'between':
      return of(criterion.value).low >= criterion.low.value && of(criterion.value).high <= criterion.high.value;
    case 'gain':
      return of(criterion.value).low - of(criterion.over).high >= criterion.threshold.value || same(criterion);
    case 'ratio':
      return (criterion.threshold.value <= 0 && of(criterion.value).low >= 0) || same(criterion);
    case 'overlap':
      return criterion.threshold.value <= 0 || JSON.stringify(criterion.a) === JSON.stringify(criterion.b);
    case 'apart':
      return criterion.threshold.value >= 1;
    case 'recall':
      return criterion.threshold.value <= 0;
    case 'rank-correlation':
      return criterion.threshold.value <= -1;
    case 'rank-agreement':
      return criterion.threshold.value <= -1 || criterion.a === criterion.b;
    case 'exceeds-null':
      return false; // it must lie above every control, so there is always a number that does not
  }
}

function cannotPass(criterion: Criterion, types: ResultTypes): boolean {
  const of = (quantity: Quantity) => bounds(quantity, types);
  switch (criterion.kind) {
    case 'at-least':
      return of(criterion.value).high < criterion.threshold.value;
    case 'at-most':
      return of(criterion.value).low > criterion.threshold.value;
    case 'between':
      return of(criterion.value).high < criterion.low.value || of(criterion.value).low > criterion.high.value;
    case 'gain':
      return of(criterion.value).high - of(criterion.over).low < criterion.threshold.value;
    case 'overlap':
    case 'recall':
    case 'rank-correlation':
    case 'rank-agreement':
      return criterion.threshold.value > 1;
    case 'apart':
      return criterion.threshold.value < 0;
    case 'ratio':
    case 'exceeds-null':
      return false; // the other number may be as small as one likes
  }
}

/** A number held against itself gives the same answer in every run. */
const same = ({ value, over }: { value: Quantity; over: Quantity }): boolean =>
  JSON.stringify(value) === JSON.stringify(over);

function bounds(quantity: Quantity, types: ResultTypes): { low: number; high: number } {
  if (typeof quantity === 'string') return boundsAt(quantity, types);
  const [[fold, path]] = Object.entries(quantity) as [[string, string]];
  const { low, high } = boundsAt(path, types);
  return fold === 'sum_of'
    ? { low: low >= 0 ? 0 : Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
    : { low, high };
}
