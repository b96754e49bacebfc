/** `recircuit findings`: what can be reproduced, and what each finding asks for. */
import type { Command } from 'commander';
import type { Criterion, Protocol } from '../../contract/index.ts';
import { loadProtocol, loadProtocols, loadReference, protocolHash } from '../../protocol/index.ts';
import { safe, short, table, wrapped } from '../../report/index.ts';
import type { Cli } from '../cli.ts';
import { listCommand } from '../list-command.ts';

export function registerFindings(program: Command, cli: Cli): void {
  const findings = program.command('findings').description('List the findings and show what a protocol asks for.');
  listCommand(findings, 'List the findings.')
    .option('--json', 'print the protocols as JSON')
    .action((options: { json?: boolean }) => list(cli, options));
  findings
    .command('show')
    .description('Show claim, source, procedure and criteria of a finding.')
    .argument('<finding>', 'name of a finding')
    .option('--json', 'print the protocol as JSON')
    .action((finding: string, options: { json?: boolean }) => show(cli, finding, options));
}

function list(cli: Cli, { json }: { json?: boolean }): void {
  const protocols = [...loadProtocols().values()];
  if (json) {
    cli.json(protocols);
    return;
  }
  const rows = protocols.map(({ finding, behaviour, known_on, reference_model }) => [
    finding,
    behaviour,
    reference_model,
    known_on.join(', '),
  ]);
  cli.out(table(['finding', 'behaviour', 'reference model', 'known on'], rows, cli.paint));
}

function show(cli: Cli, finding: string, { json }: { json?: boolean }): void {
  const protocol = loadProtocol(finding);
  if (json) {
    cli.json({ protocol, protocol_sha256: protocolHash(protocol), reference: loadReference(finding) ?? null });
    return;
  }
  const { bold, dim } = cli.paint;
  const width = Math.min(cli.paint.columns, 110);
  const { source, roles, known_on, behaviour, reference_model } = protocol;
  cli.out([
    `${bold(protocol.finding)}  ${dim(`protocol ${short(protocolHash(protocol))}`)}`,
    ...wrapped(protocol.claim, width),
    dim(safe(`${source.title}, ${source.section} (arXiv ${source.arxiv}); known on ${known_on.join(', ')}`, 'line')),
    dim(`behaviour ${behaviour}; reference model ${reference_model}, ${referenceInWords(finding)}`),
    '',
    bold('Roles'),
    ...roles.flatMap(({ role, about, at_least, at_most }) =>
      wrapped(`${role}: ${about} (${at_least} to ${at_most} components)`, width, '  '),
    ),
    ...steps(cli, 'Procedure, on the search half', protocol.procedure),
    ...steps(cli, 'Measurements, on the held-out half', protocol.measurements),
    ...criteria(cli, 'Gate', [protocol.gate.criterion]),
    ...criteria(cli, 'Criteria on a new model', protocol.criteria.new_model),
    ...criteria(cli, 'Criteria on a model with known heads', protocol.criteria.known_model),
  ]);
}

function referenceInWords(finding: string): string {
  const reference = loadReference(finding);
  return reference === undefined ? 'not calibrated yet' : `measured with ${reference.seeds.length} seeds`;
}

function steps({ paint }: Cli, title: string, all: Protocol['measurements']): string[] {
  const lines = all.map((step) => {
    if ('pick' in step) return `  ${step.name}: ${paint.dim(`picked from ${step.pick.from}`)}`;
    return `  ${step.name}: ${step.tool}${step.over ? paint.dim(` for each set of ${step.over.control}`) : ''}`;
  });
  return ['', paint.bold(title), ...lines];
}

function criteria({ paint }: Cli, title: string, all: readonly Criterion[]): string[] {
  if (all.length === 0) return [];
  const width = Math.min(paint.columns, 110);
  const lines = all.flatMap((item) => {
    const limits = item.kind === 'between' ? [item.low, item.high] : [item.threshold];
    const reasons = limits.flatMap(({ source, because }) => [source, because]).filter((text) => text !== undefined);
    const asked = `${item.kind} ${limits.map(({ value }) => value).join(' and ')}`;
    return [
      ...wrapped(safe(`${item.id} (${item.weight}) ${item.says}: ${asked}`, 'line'), width, '  '),
      ...wrapped(safe([...new Set(reasons)].join('; '), 'line'), width, '      ').map(paint.dim),
    ];
  });
  return ['', paint.bold(title), ...lines];
}
