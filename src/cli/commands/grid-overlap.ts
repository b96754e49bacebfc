/** `recircuit grid overlap`: what two circuits of one model share. `recircuit grid carry`: whether one circuit is also another's. */
import { mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { beside, circuitOf, type Shared } from '../../grid/index.ts';
import { carryCircuit } from '../../job/index.ts';
import { loadProtocol } from '../../protocol/index.ts';
import { number, safe, table } from '../../report/index.ts';
import { type Cli, reading } from '../cli.ts';
import { logIn } from '../log.ts';

const CIRCUIT = 'a cell as finding@model, a run, or the beginning of its id';

export function registerGridOverlap(grid: Command, cli: Cli): void {
  grid
    .command('overlap')
    .description(
      'Hold two circuits of one model against each other: shared heads and agreement of ranks, against chance.',
    )
    .argument('<circuit>', CIRCUIT)
    .argument('<other>', 'another of the same model')
    .option('--json', 'print it as JSON')
    .action((one: string, other: string, options: { json?: boolean }) => overlap(cli, one, other, options));
  grid
    .command('carry')
    .description("Hold a circuit against another finding: its claim through that finding's own verification.")
    .argument('<circuit>', CIRCUIT)
    .argument('<finding>', 'whose behaviour and criteria; each of its roles is filled with the whole circuit')
    .option('--device <device>', 'as of `recircuit run`')
    .option('--json', 'print it as JSON')
    .action((circuit: string, finding: string, options: { device?: string; json?: boolean }) =>
      carry(cli, circuit, finding, options),
    );
}

async function overlap(cli: Cli, one: string, other: string, { json }: { json?: boolean }): Promise<void> {
  const home = cli.home();
  const found = await reading(home, (record) =>
    beside(circuitOf(record, one, home.artifacts), circuitOf(record, other, home.artifacts)),
  );
  const { a, b, shared, agreement } = found;
  if (json) {
    const brief = ({ ranking, ...circuit }: typeof a) => ({ ...circuit, ranked: ranking.size });
    cli.json({ a: brief(a), b: brief(b), shared, agreement });
    return;
  }
  const rows = shared.map((pair: Shared) => [
    pair.a,
    pair.b,
    `${pair.components.length} of ${pair.of}`,
    number(pair.by_chance),
    number(pair.by_chance_in_layers),
    number(pair.p),
    pair.components.join(' '),
  ]);
  cli.out([
    safe(`${a.finding} (run ${a.run}) beside ${b.finding} (run ${b.run}) on ${a.model}`, 'line'),
    '',
    ...table([a.finding, b.finding, '#share', '#by chance', '#in the same layers', '#p', ''], rows, cli.paint),
    '',
    agreement === null
      ? 'Ranks: fewer than three heads are ranked by both.'
      : `Ranks: Spearman ${number(agreement.spearman)} over ${agreement.heads} heads; as high by chance with p = ${number(agreement.p)}.`,
  ]);
}

async function carry(
  cli: Cli,
  name: string,
  finding: string,
  { device, json }: { device?: string; json?: boolean },
): Promise<void> {
  const protocol = loadProtocol(finding);
  const home = cli.home();
  const circuit = await reading(home, (record) => circuitOf(record, name, home.artifacts));
  mkdirSync(home.artifacts, { recursive: true });
  const components = [...new Set(Object.values(circuit.roles).flat())];
  const { run, model, weights_sha256 } = circuit;
  const verdict = await carryCircuit({
    protocol,
    model,
    weights_sha256,
    components,
    device,
    artifacts: home.artifacts,
    log: logIn(home),
  });
  if (json) {
    cli.json({ circuit: { run, finding: circuit.finding, model, components }, finding, verdict });
    return;
  }
  const rows = [...(verdict.gate ? [verdict.gate] : []), ...verdict.criteria].map((one) => [
    one.id,
    one.status,
    one.measured === null ? '–' : number(one.measured),
    one.threshold,
    safe(one.says, 'line'),
  ]);
  cli.out([
    `${cli.paint.bold(verdict.verdict)}  the circuit of ${circuit.finding} on ${model} (${components.join(' ')}), in every role of ${finding}`,
    safe(verdict.because, 'line'),
    '',
    ...table(['', '', '#measured', 'asked', ''], rows, cli.paint),
    '',
    'No agent claimed this, so it is no run and fills no cell.',
  ]);
}
