/**
 * What a reviewer looks for in a search before its claim is sealed, as a list of rules over what was recorded. A rule says what it saw
 * and where; whether the claim is true, and what it is worth, is not asked: that is measured afterwards.
 */
import { type Claim, canonicalJson, type Json, type Remark, readPath } from '../../src/contract/index.ts';
import type { NamedResult, Reviewed as Whole } from '../ports.ts';

type Reviewed = Pick<Whole, 'claim' | 'observation'>;

interface Rule {
  readonly rule: string;
  /** Whether it can be mended by more experiments, so that one more round is asked for. */
  readonly asks: boolean;
  /** What is seen and the acts where; null where there is nothing to say. */
  readonly sees: (reviewed: Reviewed) => Pick<Remark, 'says' | 'acts'> | null;
}

/** Where a tool's result says how much its edit changed, as a path, or as the difference of two. */
const EFFECT: Readonly<Record<string, readonly [path: string, minus?: string]>> = {
  ablate_components: ['output.added_loss'],
  inject_vector: ['output.best.accuracy', 'output.before'],
};
/** Calls of one tool beyond those planned with it, above which results were looked at until one pleased. */
const MANY = 5;

export const RULES: readonly Rule[] = [
  {
    rule: 'no-effect',
    asks: true,
    sees: (reviewed) => {
      const acts = cited(reviewed, ['necessity', 'sufficiency'])
        .filter((result) => (effectOf(result) ?? 1) <= 0)
        .map(({ act }) => act);
      return acts.length === 0
        ? null
        : { acts, says: 'the cited experiment changed nothing in the direction of the claim' };
    },
  },
  {
    rule: 'control-as-strong',
    asks: true,
    sees: (reviewed) => {
      const own = cited(reviewed, ['necessity', 'sufficiency']);
      const acts = cited(reviewed, ['specificity']).filter((control) =>
        own.some(({ tool, output }) => {
          const [claimed, other] = [effectOf({ tool, output }), effectOf(control)];
          return tool === control.tool && claimed !== null && other !== null && other >= claimed;
        }),
      );
      return acts.length === 0
        ? null
        : { acts: acts.map(({ act }) => act), says: 'the control did at least as much as the claimed components' };
    },
  },
  {
    rule: 'one-counterfactual',
    asks: false,
    sees: ({ observation }) => {
      const sweeps = Object.values(observation.results).filter(({ tool }) => /^sweep_/.test(tool));
      const ways = new Set(sweeps.map(({ input }) => canonicalJson([input['replace_by'] ?? null, variantOf(input)])));
      return sweeps.length > 0 && ways.size === 1
        ? { acts: sweeps.map(({ act }) => act), says: 'effects were measured under one counterfactual only' }
        : null;
    },
  },
  {
    rule: 'one-seed',
    asks: false,
    sees: ({ observation }) => {
      const drawn = Object.values(observation.results).filter(({ act }) => act.startsWith('search/'));
      const seeds = new Set(drawn.flatMap(({ input }) => fieldOf(input['prompts'], 'seed') ?? []));
      return seeds.size === 1 ? { acts: [], says: `all prompts were drawn with seed ${[...seeds].join()}` } : null;
    },
  },
  {
    rule: 'many-looks',
    asks: false,
    sees: ({ observation: { results, plan } }) => {
      const planned = (tool: string): number => plan?.items.filter((item) => item.tool === tool).length ?? 0;
      const made = Object.values(results).filter(({ act }) => act.startsWith('search/'));
      const tools = new Set(made.map(({ tool }) => tool));
      const over = [...tools].filter((tool) => made.filter((one) => one.tool === tool).length - planned(tool) > MANY);
      return over.length === 0
        ? null
        : {
            acts: made.filter(({ tool }) => over.includes(tool)).map(({ act }) => act),
            says: `${over.join(', ')} ran more than ${MANY} times beyond the plan, and nothing corrects for so many looks`,
          };
    },
  },
  {
    rule: 'plan-not-done',
    asks: false,
    sees: ({ observation: { results, plan } }) => {
      const open = plan?.items.filter(({ name }) => !(name in results)).map(({ name }) => name) ?? [];
      return open.length === 0 ? null : { acts: [], says: `planned and without a result: ${open.join(', ')}` };
    },
  },
];

/** Returns what the rules saw, in their order. */
export function remarksOn(reviewed: Reviewed): Remark[] {
  return RULES.flatMap(({ rule, asks, sees }) => {
    const seen = sees(reviewed);
    return seen === null ? [] : [{ rule, asks, ...seen }];
  });
}

function cited({ claim, observation }: Reviewed, kinds: readonly (keyof Claim['cites'])[]): NamedResult[] {
  const acts = kinds.flatMap((kind) => claim.cites[kind] ?? []);
  return Object.values(observation.results).filter(({ act }) => acts.includes(act));
}

function effectOf({ tool, output }: Pick<NamedResult, 'tool' | 'output'>): number | null {
  const [path, minus] = EFFECT[tool] ?? [];
  const at = (where: string | undefined): number | null => {
    const found = where === undefined ? undefined : readPath(where, { output });
    return found?.found && typeof found.value === 'number' ? found.value : null;
  };
  const [value, base] = [at(path), minus === undefined ? 0 : at(minus)];
  return value === null || base === null ? null : value - base;
}

const variantOf = (input: NamedResult['input']): Json => fieldOf(input['prompts'], 'variant') ?? null;

function fieldOf(value: Json | undefined, field: string): Json | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value[field] : undefined;
}
