/** `recircuit review`: read a transcript step by step, search it, label it; and where reviewers disagree. */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { type Command, InvalidArgumentError } from 'commander';
import {
  agreement,
  checkedLabel,
  HELP,
  hitLines,
  meaningLines,
  meanings,
  standingLines,
  standings,
  walk,
} from '../../review/index.ts';
import { type NewLabel, openRecord, SearchIndex, wordsOf } from '../../store/index.ts';
import { type Cli, findRun, reading } from '../cli.ts';

const RUN = 'id of a run, the beginning of it, or `latest`';
const MOST_HITS = 50;

export function registerReview(program: Command, cli: Cli): void {
  const review = program.command('review').description('Read, search and label transcripts.');
  review
    .command('walk', { isDefault: true })
    .description('Read a run step by step; `?` says how.')
    .argument('<run>', RUN)
    .option('--reviewer <name>', 'who you are (default: your user name)')
    .action((run: string, options: { reviewer?: string }) => walkRun(cli, run, options));
  review
    .command('search')
    .description('Find the steps of a run that hold every word.')
    .argument('<run>', RUN)
    .argument('<words...>', 'words, matched whole, without regard to case')
    .option('--json', 'print the steps as JSON')
    .action((run: string, words: string[], options: { json?: boolean }) => search(cli, run, words, options));
  review
    .command('label')
    .description('Say of a run what you saw in it.')
    .argument('<run>', RUN)
    .argument('<label>', 'see `recircuit review schema`')
    .argument('<value>', 'present, absent or unsure')
    .option('--cite <steps>', 'the steps that show it, e.g. 12,14', stepsOf, [])
    .option('--note <text>', 'in your words', '')
    .option('--reviewer <name>', 'who you are (default: your user name)')
    .action((run: string, name: string, value: string, options: LabelOptions) => label(cli, run, name, value, options));
  review
    .command('labels')
    .description('What was said of a run, or of all; disagreement first.')
    .argument('[run]', RUN)
    .option('--json', 'print it as JSON')
    .action((run: string | undefined, options: { json?: boolean }) => labels(cli, run, options));
  review
    .command('schema')
    .description('The labels and what they mean.')
    .option('--json', 'print them as JSON')
    .action(({ json }: { json?: boolean }) => (json ? cli.json(meanings) : cli.out(meaningLines(meanings, cli.paint))));
}

interface LabelOptions {
  readonly cite: number[];
  readonly note: string;
  readonly reviewer?: string;
}

function stepsOf(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('steps are whole numbers with commas between them');
  return text.split(',').map(Number);
}

const whoever = (name: string | undefined): string => name ?? userInfo().username;

async function walkRun(cli: Cli, name: string, options: { reviewer?: string }): Promise<void> {
  const { paint } = cli;
  let index: SearchIndex | null = null;
  const opened = (): SearchIndex => {
    index ??= new SearchIndex(cli.home().search);
    return index;
  };
  await reading(cli.home(), async (record) => {
    const run = findRun(record, name);
    const reviewer = whoever(options.reviewer);
    const keep = (given: NewLabel): void => write(cli, given);
    const path = walk({ run, record, reviewer, paint, index: opened, keep });
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: process.stdin.isTTY });
    if (process.stdin.isTTY) cli.say(HELP.join('\n'));
    const ask = (): void => (process.stdin.isTTY ? lines.prompt() : undefined);
    cli.out(path.begin());
    ask();
    for await (const line of lines) {
      const answer = path.say(line);
      if (answer === null) break;
      cli.out(answer);
      ask();
    }
    lines.close();
  });
  (index as SearchIndex | null)?.close();
}

function write(cli: Cli, given: NewLabel): void {
  const record = openRecord(cli.home().runs);
  try {
    record.addLabel(given);
  } finally {
    record.close();
  }
}

async function search(cli: Cli, name: string, asked: readonly string[], { json }: { json?: boolean }): Promise<void> {
  await reading(cli.home(), (record) => {
    const { run } = findRun(record, name);
    const words = wordsOf(asked.join(' '));
    const index = new SearchIndex(cli.home().search);
    try {
      index.update(record, run);
      const found = index.find(record, run, words, MOST_HITS);
      if (json) cli.json({ run, words, steps: found.steps, hits: found.hits.map(({ step }) => step) });
      else cli.out(hitLines(found, words, cli.paint));
    } finally {
      index.close();
    }
  });
}

async function label(cli: Cli, name: string, which: string, value: string, options: LabelOptions): Promise<void> {
  const { cite: cites, note } = options;
  const reviewer = whoever(options.reviewer);
  const given = await reading(cli.home(), (record) => {
    const { run, steps } = findRun(record, name);
    return checkedLabel({ run, label: which, value, reviewer, cites, note }, steps);
  });
  write(cli, given);
  cli.say(`${given.run}: ${given.label} ${given.value}`);
}

async function labels(cli: Cli, name: string | undefined, { json }: { json?: boolean }): Promise<void> {
  await reading(cli.home(), (record) => {
    const run = name === undefined ? null : findRun(record, name).run;
    const all = standings(record.labels(run));
    const { judged, alike } = agreement(all);
    if (json) return cli.json({ standings: all, judged_twice: judged, alike });
    const lines = standingLines(all, cli.paint, (id) => cli.paint.dim(id));
    const count =
      judged === 0
        ? 'no label was judged by two reviewers'
        : `${alike} of ${judged} labels that two reviewers judged agree`;
    cli.out(all.length === 0 ? 'nothing was said yet' : [...lines, cli.paint.dim(count)]);
  });
}
