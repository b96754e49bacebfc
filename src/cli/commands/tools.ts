/** `recircuit tools`: what an agent may call. */
import type { Command } from 'commander';
import { findTool, schemaForModel, type Tool, tools } from '../../../tools/index.ts';
import type { JsonObject, ModelFacts } from '../../contract/index.ts';
import { unknownName } from '../../protocol/index.ts';
import { number, table, wrapped } from '../../report/index.ts';
import type { Cli } from '../cli.ts';
import { listCommand } from '../list-command.ts';

export function registerTools(program: Command, cli: Cli): void {
  const group = program.command('tools').description('List the tools that an agent may call and show one.');
  listCommand(group, 'List the tools.')
    .option('--json', 'print them as JSON')
    .action(({ json }: { json?: boolean }) => {
      if (json) {
        cli.json(tools.map(asJson));
        return;
      }
      const rows = tools.map(({ name, runs, description }) => [name, runs, description]);
      cli.out(table(['tool', 'runs in', 'what it does'], rows, cli.paint));
    });
  group
    .command('show')
    .description('Show description, input and cost of a tool.')
    .argument('<tool>', 'name of a tool')
    .option('--json', 'print it as JSON')
    .action((name: string, options: { json?: boolean }) => show(cli, name, options));
}

/** The schema is the one that an agent's model sees. */
function asJson(tool: Tool): JsonObject {
  return { name: tool.name, description: tool.description, runs: tool.runs, input: schemaForModel(tool) };
}

function show(cli: Cli, name: string, { json }: { json?: boolean }): void {
  const tool = findTool(name);
  if (tool === undefined)
    throw unknownName(
      'tool',
      name,
      tools.map((known) => known.name),
    );
  if (json) {
    cli.json(asJson(tool));
    return;
  }
  const { bold, dim, columns } = cli.paint;
  const cost = exampleCost(tool);
  const schema = schemaForModel(tool);
  cli.out([
    `${bold(tool.name)}  ${dim(`runs in the ${tool.runs}`)}`,
    ...wrapped(tool.description, Math.min(columns, 110)),
    '',
    `${bold('Cost')}  ${cost}`,
    '',
    bold('Input'),
    ...fields(schema).flatMap(([field, about]) => [
      `  ${field}`,
      ...wrapped(about, Math.min(columns, 110), '      ').map(dim),
    ]),
    '',
    dim('the whole schema, as an agent sees it: add --json'),
  ]);
}

function fields(schema: JsonObject): [string, string][] {
  const required = new Set((schema['required'] ?? []) as string[]);
  return Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>).map(([name, field]) => {
    const words = [
      field['description'],
      field['default'] === undefined ? null : `default ${JSON.stringify(field['default'])}`,
    ];
    const said = words.filter((word) => typeof word === 'string').join('; ');
    return [`${name}${required.has(name) ? '' : ' (optional)'}`, said === '' ? 'see --json' : said];
  });
}

/** One task, 25 prompts, on a small model: enough to tell a free tool from an expensive one. */
function exampleCost(tool: Tool): string {
  const prompts = { kind: 'in-context', tasks: ['task'], variant: 'clean', shots: 10, count: 25, seed: 0 };
  const sizes = { layers: 4, heads: 8 } as ModelFacts;
  try {
    const { forwards, rows, because } = tool.cost({ prompts, layers: null, scales: [1] } as never, sizes);
    const count = `${number(forwards)} forwards${rows > 0 ? ` and ${number(rows)} rows` : ''}`;
    return forwards === 0
      ? `no forward pass: ${because}`
      : `${because}; e.g. ${count} for 25 prompts on 4 layers × 8 heads`;
  } catch {
    return 'depends on the input';
  }
}
