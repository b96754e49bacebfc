/** `recircuit study`: which heads, MLPs and paths make a model answer two sets of prompts differently. No finding is needed. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { Engine, hashOf, Refusal, type Study, seenJson } from '../../contract/index.ts';
import { safe, studyHtml, studyLines } from '../../report/index.ts';
import { type Question, readPairs, runStudy } from '../../study/index.ts';
import type { Cli, Home } from '../cli.ts';
import { UsageError } from '../failure.ts';
import { logIn } from '../log.ts';
import { ProgressLine } from '../progress.ts';
import { seedOf } from '../seeds.ts';

interface Options {
  readonly base?: string;
  readonly contrast?: string;
  readonly prompt?: string;
  readonly answer?: string;
  readonly versus?: string;
  readonly model: string;
  readonly seed: number;
  readonly device?: string;
  readonly engine: Engine;
  readonly revision?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const FORMS = `
Prompts, one pair for each line of both files:
  *.jsonl   {"prompt": "…", "answer": " …"} on each line
  *.yaml    a template: prompt and answer with slots in braces, and rows that fill them
  others    a prompt, one tab and its answer on each line; \\n stands for a new line
Answers are one token, with the space that stands before them. Contrast prompts have as many tokens as theirs.
A study tests no finding, so it is no run and fills no cell; it is kept whole as a file in studies/ of the home folder.`;

export function registerStudy(program: Command, cli: Cli): void {
  program
    .command('study')
    .description('Find the heads, MLPs and paths that make a model answer two sets of prompts differently.')
    .option('--base <file>', 'prompts with their answers')
    .option('--contrast <file>', 'the same prompts told otherwise, with their answers')
    .option('--prompt <text>', 'in the place of both: one prompt')
    .option('--answer <text>', 'what follows it, with its leading space')
    .option('--versus <text>', 'what could follow instead')
    .requiredOption('-m, --model <name>', 'as of `recircuit run`')
    .option('-s, --seed <number>', 'seed of the random sets', seedOf, 0)
    .option('--device <device>', 'as of `recircuit run`')
    .addOption(new Option('--engine <engine>', 'as of `recircuit run`').choices(Engine.options).default('fast'))
    .option('--revision <commit>', 'as of `recircuit run`')
    .option('-o, --out <file>', 'also write it as a page (.html) or as JSON (.json)')
    .option('--json', 'print it as JSON')
    .addHelpText('after', FORMS)
    .action((options: Options) => run(cli, options));
}

async function run(cli: Cli, options: Options): Promise<void> {
  const { model, seed, device, engine, revision, out } = options;
  const question = questionOf(options);
  const render = out === undefined ? null : rendererOf(out);
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const line = new ProgressLine(cli.side);
  const onCall = (tool: string, done: number): void => line.show(`call ${done + 1}: ${tool}`);
  const study = await runStudy({
    question,
    model,
    seed,
    device,
    engine,
    revision,
    artifacts: home.artifacts,
    log: logIn(home),
    onCall,
  }).finally(() => line.end());
  const file = keep(home, study);
  if (out !== undefined && render !== null) writeWhole(resolve(out), render(study));
  if (options.json) cli.json(study);
  else cli.out([...studyLines(study, cli.paint), '', `Kept as ${safe(file, 'line')}`]);
}

function questionOf({ base, contrast, prompt, answer, versus }: Options): Question {
  const files = [base, contrast].filter((word) => word !== undefined);
  const texts = [prompt, answer, versus].filter((word) => word !== undefined);
  if (files.length > 0 && texts.length > 0)
    throw new UsageError(
      '`study` was given files and a prompt: it takes one question. Instead: leave one of them out.',
    );
  if (base !== undefined && contrast !== undefined)
    return { kind: 'pairs', pairs: readPairs(base, contrast), source: `${base} against ${contrast}` };
  if (prompt !== undefined && answer !== undefined && versus !== undefined)
    return { kind: 'single', prompt, answer, versus };
  throw new UsageError(
    '`study` lacks what it should study: two sets of prompts, or a prompt with two answers. Instead: give --base and --contrast, or --prompt, --answer and --versus.',
  );
}

const jsonOf = (study: Study): string => `${seenJson(JSON.stringify(study, null, 1))}\n`;

/** Asked before the study, which may take long. */
function rendererOf(out: string): (study: Study) => string {
  if (!existsSync(dirname(resolve(out)))) throw notWritten(out, 'there is no such folder');
  if (out.endsWith('.html')) return studyHtml;
  if (out.endsWith('.json')) return jsonOf;
  throw new UsageError(
    `the file ${JSON.stringify(out)} is neither .html nor .json. Instead: end its name with one of them.`,
  );
}

/** Named by content: the same study again is the same file. */
function keep({ folder }: Home, study: Study): string {
  const file = join(folder, 'studies', `${hashOf(study).slice(0, 16)}.json`);
  mkdirSync(join(folder, 'studies'), { recursive: true });
  writeWhole(file, jsonOf(study));
  return file;
}

function writeWhole(file: string, text: string): void {
  try {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  } catch (cause) {
    throw notWritten(file, (cause as NodeJS.ErrnoException).code ?? 'unknown error');
  }
}

function notWritten(file: string, reason: string): Refusal {
  return new Refusal({
    code: 'not-written',
    what: `the file ${file}`,
    why: `it cannot be written (${reason})`,
    instead: 'name a file in a folder that is there',
  });
}
