/** One fixture, from its data to how it ended: the executor of its kind, and the ending in words that are the same on every machine. */
import type { Bench, Ending } from './bench.ts';
import { agent, replies } from './execute/agent.ts';
import { cut, grid, sealed } from './execute/record.ts';
import { texts } from './execute/texts.ts';
import { folder, memory, worker } from './execute/world.ts';
import type { Attack, AttackOf, Fixture } from './schema.ts';

type Execute<K extends Attack['kind']> = (attack: AttackOf<K>, bench: Bench) => Promise<Ending>;

export const EXECUTE: { readonly [K in Attack['kind']]: Execute<K> } = {
  agent,
  replies,
  sealed,
  cut,
  worker,
  folder,
  texts,
  grid,
  memory,
};

export interface Defended extends Ending {
  readonly name: string;
  /** It ended as the fixture asks, for the reason that it asks for. */
  readonly held: boolean;
}

export async function run({ name, attack, ends, because }: Fixture, bench: Bench): Promise<Defended> {
  const execute = EXECUTE[attack.kind] as Execute<Attack['kind']>;
  const ending = await execute(attack as never, bench);
  const reason = settled(ending.because);
  const held = ending.ends === ends && new RegExp(because, 's').test(reason);
  return { name, ends: ending.ends, because: reason, held };
}

/** Without what differs from one machine or day to the next. */
function settled(text: string): string {
  return text
    .replaceAll(/\b01[0-9A-HJKMNP-TV-Z]{24}\b/g, '<run>')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{10,64}\b/g, '<hash>')
    .replaceAll(/(?<=^|[\s'"(])(?:\/[\w.-]+)+\/(?=[\w.-]+)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
