/** `recircuit behaviours`: what models are asked to do, and importing the published word pairs. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  behaviourNames,
  importFunctionVectors,
  loadBehaviour,
  taskNames,
  writeImported,
} from '../../protocol/index.ts';
import { safe, table } from '../../report/index.ts';
import type { Cli } from '../cli.ts';
import { listCommand } from '../list-command.ts';

interface ImportOptions {
  readonly out: string;
  readonly name: string;
  readonly json?: boolean;
}

export function registerBehaviours(program: Command, cli: Cli): void {
  const behaviours = program.command('behaviours').description('List the behaviours and import published word pairs.');
  listCommand(behaviours, 'List the behaviours, those of RECIRCUIT_BEHAVIOURS among them.')
    .option('--json', 'print them as JSON')
    .action((options: { json?: boolean }) => list(cli, options));
  behaviours
    .command('import')
    .description('Write a behaviour from a clone of ericwtodd/function_vectors, checked by content hash.')
    .argument('<folder>', 'the clone, its dataset_files, or a folder laid out like it')
    .requiredOption('-o, --out <folder>', 'where the behaviour is written; name it in RECIRCUIT_BEHAVIOURS to use it')
    .option('-n, --name <behaviour>', 'name of the new behaviour', 'function-vectors-published')
    .option('--json', 'print what was imported as JSON')
    .action((folder: string, options: ImportOptions) => importPublished(cli, folder, options));
}

function list(cli: Cli, { json }: { json?: boolean }): void {
  const all = behaviourNames().map((name) => loadBehaviour(name));
  if (json) {
    cli.json(all.map(({ file }) => file));
    return;
  }
  const rows = all.map((behaviour) => {
    const { behaviour: name, kind, about } = behaviour.file;
    const count = taskNames(behaviour).length;
    return [name, kind, count === 0 ? '' : String(count), safe(about.trim(), 'line')];
  });
  cli.out(table(['behaviour', 'kind', '#tasks', 'about'], rows, cli.paint));
}

function importPublished(cli: Cli, folder: string, { out, name, json }: ImportOptions): void {
  const imported = importFunctionVectors(folder, name);
  const written = writeImported(imported.behaviour, resolve(out));
  for (const warning of imported.warnings) cli.say(safe(warning, 'line'));
  if (json) {
    cli.json({ folder: written, files: imported.files, warnings: imported.warnings });
    return;
  }
  const rows = imported.files.map(({ file, task, pairs, verified }) => [
    safe(file, 'line'),
    task,
    String(pairs),
    verified ? 'as published' : 'not verified',
  ]);
  cli.out([...table(['file', 'task', '#pairs', 'content'], rows, cli.paint), '', `written to ${written}`]);
}
