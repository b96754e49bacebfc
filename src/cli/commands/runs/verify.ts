/** `recircuit runs verify`: whether a run is still what was written and signed, and what that does not prove. */
import type { Command } from 'commander';
import { EXIT } from '../../../contract/index.ts';
import { safe } from '../../../report/index.ts';
import { type Verification, verifyRecorded, verifyRun } from '../../../store/index.ts';
import type { Cli } from '../../cli.ts';
import { RUN_OR_FILE, readRecorded } from '../../recorded.ts';

interface Options {
  readonly key?: string;
  readonly json?: boolean;
}

export function registerVerify(runs: Command, cli: Cli): void {
  runs
    .command('verify')
    .description('Check every hash of a run: steps, chain, artifacts and signature; and say what that does not prove.')
    .argument('<run>', RUN_OR_FILE)
    .option('--key <fingerprint>', 'the key that must have signed it: its fingerprint, or the beginning of it')
    .option('--json', 'print what was found as JSON')
    .action((run: string, options: Options) => verify(cli, run, options));
}

async function verify(cli: Cli, name: string, { key, json }: Options): Promise<void> {
  const { run, found } = await readRecorded(cli, name, {
    record: ({ record, run: { run } }) => ({
      run,
      found: verifyRun(record, run, { artifacts: cli.home().artifacts, key }),
    }),
    file: ({ run: { run }, recorded }) => ({ run, found: verifyRecorded(recorded, { artifacts: null, key }) }),
  });
  if (!found.ok) cli.exit(EXIT.tampered);
  if (json) cli.json({ run, ...found });
  else cli.out(lines(cli, run, found));
}

function lines({ paint }: Cli, run: string, found: Verification): string[] {
  const problems = found.problems.map(({ step, what }) => safe(step === null ? `run: ${what}` : what, 'line'));
  const seen = `${found.steps} steps and ${found.artifacts} artifacts`;
  const verdict = found.ok
    ? paint.tone('pass', `${seen} are as they were written`)
    : paint.tone('fail', `${found.problems.length} problem${found.problems.length === 1 ? '' : 's'} in ${seen}`);
  return [
    ...problems,
    `${safe(run, 'line')}: ${verdict}`,
    signatureLine(found),
    ...(found.journal === null
      ? []
      : [
          `the journal of all runs has ${found.journal.entries} entries, its head is ${safe(found.journal.head ?? 'none', 'line')}`,
        ]),
    paint.dim('Not proven:'),
    ...found.unproven.map((what) => paint.dim(`  - ${safe(what, 'line')}`)),
  ];
}

const WHOSE = { asked: 'as asked', ours: 'the key of this machine', unknown: 'a key that this machine does not know' };

function signatureLine({ signature }: Verification): string {
  if (signature === null) return 'not signed';
  return `signed on ${safe(signature.at, 'line')} by key ${signature.key} (${WHOSE[signature.whose]})`;
}
