/** Published figures as rankings of heads, and what two published circuits of one model have in common. Pure. */
import type { PublishedCell } from '../contract/index.ts';

export interface PublishedHeads {
  /** null: heads of several roles stand in one list. */
  readonly role: string | null;
  /** Best first where `ordered`. */
  readonly heads: readonly string[];
  readonly ordered: boolean;
}

/** Returns the ranking that a cell gives, strongest effect first, or null where it gives none of a whole circuit. */
export function rankingFor({ figures }: PublishedCell): PublishedHeads | null {
  if (figures.kind === 'ranking') {
    const ordered = figures.heads.every(({ effect }) => effect !== null);
    return { role: figures.role, heads: figures.heads.map(({ component }) => component), ordered };
  }
  if (figures.kind === 'sender-matrix' && figures.receiver === 'logits')
    return { role: null, heads: strongest(figures.values).map(({ component }) => component), ordered: true };
  return null;
}

/** Returns the heads of a matrix that have an effect, strongest first whatever its sign. */
export function strongest(values: readonly (readonly number[])[]): { component: string; effect: number }[] {
  return values
    .flatMap((row, layer) => row.map((effect, head) => ({ component: `a${layer}.h${head}`, effect })))
    .filter(({ effect }) => effect !== 0)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}
