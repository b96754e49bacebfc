/** `recircuit grid export`: the grid as a file for others, all of it from the same words as on the terminal. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { Refusal } from '../../contract/index.ts';
import { type Drawn, gridCsv, gridHtml, gridMarkdown, gridSvg } from '../../report/index.ts';
import type { Cli } from '../cli.ts';

const FORMATS: Readonly<Record<string, (grid: Drawn) => string>> = {
  markdown: gridMarkdown,
  csv: gridCsv,
  svg: gridSvg,
  html: gridHtml,
};

interface Options {
  readonly format: string;
  readonly out?: string;
}

export function registerGridExport(grid: Command, cli: Cli, read: () => Promise<Drawn>): void {
  grid
    .command('export')
    .description('Write the grid as Markdown, CSV, SVG or a page of its own.')
    .addOption(new Option('-f, --format <format>', 'what to write').choices(Object.keys(FORMATS)).makeOptionMandatory())
    .option('-o, --out <file>', 'where to; without it to standard output')
    .action(async ({ format, out }: Options) => {
      const text = (FORMATS[format] as (typeof FORMATS)[string])(await read());
      if (out === undefined) cli.out(text.trimEnd());
      else write(cli, resolve(out), text);
    });
}

function write(cli: Cli, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Refusal({ code: 'cannot-write', what: `${file} is not written`, why, instead: 'name another file' });
  }
  cli.say(`wrote ${file}`);
}
