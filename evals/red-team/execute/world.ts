/** Attacks from outside: a worker that lies, model folders that were prepared, a record of somebody else. */
import { chmodSync, cpSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runJob } from '../../../src/job/index.ts';
import { root } from '../../../src/root.ts';
import { workerPython } from '../../../src/worker/index.ts';
import {
  type Bench,
  copyModel,
  type Ending,
  endingOf,
  FINDING,
  MODEL,
  organismFolder,
  SEED,
  thrown,
  trajectory,
} from '../bench.ts';
import { measuredAgain } from '../measure.ts';
import { type AttackOf, readTexts } from '../schema.ts';

/** Long enough for every honest call on the organism. */
const CALL_MS = 20_000;

export async function worker({ lie }: AttackOf<'worker'>, bench: Bench): Promise<Ending> {
  return bench.at(async ({ folder, means, record }) => {
    const python = join(folder, 'python');
    const script = join(root, 'evals/red-team/lying_worker.py');
    writeFileSync(python, `#!/bin/sh\nexec '${workerPython()}' '${script}' '${lie}'\n`);
    chmodSync(python, 0o755);
    const callMs = lie === 'endless' ? 2_000 : CALL_MS;
    const ending = await endingOf({
      ...means,
      python,
      callMs,
      finding: FINDING,
      model: MODEL,
      planner: 'scripted',
      seed: SEED,
    });
    return lie === 'forged' ? measuredAgain(record, means.artifacts, ending) : ending;
  });
}

export async function folder(attack: AttackOf<'folder'>, bench: Bench): Promise<Ending> {
  const { put, config, link, words, swap_after } = attack;
  const model = join(bench.empty(), 'prepared');
  copyModel(swap_after === undefined ? organismFolder : await bench.twin(), model);
  for (const [name, content] of Object.entries(put)) writeFileSync(join(model, name), content);
  for (const [name, target] of Object.entries(link)) {
    rmSync(join(model, name), { force: true });
    symlinkSync(target.replace('$ORGANISM', organismFolder), join(model, name));
  }
  merge(join(model, 'config.json'), config);
  const job = { finding: FINDING, model, planner: 'scripted', seed: SEED };
  if (words) return sameUnderOtherWords(model, bench);
  return bench.at(({ means }) =>
    endingOf({
      ...means,
      ...job,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step.act === swap_after) swapWeights(model);
      },
    }),
  );
}

/** The same model with plain words and with injected texts for words: every step must be the same. */
async function sameUnderOtherWords(model: string, bench: Bench): Promise<Ending> {
  const steps = (): Promise<string[]> =>
    bench.at(async ({ means, record }) => {
      const { run } = await runJob({ ...means, finding: FINDING, model, planner: 'scripted', seed: SEED });
      return record.steps(run).map(({ content }) => content);
    });
  const plain = await steps();
  rename(join(model, 'tokenizer.json'));
  const hostile = await steps();
  const same = plain.length > 50 && plain.every((content, index) => content === hostile[index]);
  return same
    ? { ends: 'unchanged', because: 'same steps, numbers and verdict as with plain words' }
    : { ends: 'reproduced', because: 'the words of the tokenizer changed the run' };
}

/** The file is replaced, not written into: the open worker goes on with what it has. */
function swapWeights(model: string): void {
  cpSync(join(organismFolder, 'model.safetensors'), join(model, 'other'));
  renameSync(join(model, 'other'), join(model, 'model.safetensors'));
}

function merge(file: string, config: object): void {
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...config }));
}

/** Words become injected texts, one each; the others stay. */
function rename(file: string): void {
  const tokenizer = JSON.parse(readFileSync(file, 'utf8')) as { model: { vocab: Record<string, number> } };
  const texts = readTexts().map(({ text }) => text);
  const vocab = Object.entries(tokenizer.model.vocab).map(([word, id]) => [
    id >= 20 ? (texts[id - 20] ?? word) : word,
    id,
  ]);
  writeFileSync(
    file,
    JSON.stringify({ ...tokenizer, model: { ...tokenizer.model, vocab: Object.fromEntries(vocab) } }),
  );
}

export async function memory({ model }: AttackOf<'memory'>, bench: Bench): Promise<Ending> {
  const { recorded } = trajectory('induction');
  return bench.at(({ record }) =>
    thrown(async () => {
      const run = { ...recorded.run, model };
      record.importRun({ ...recorded, run });
      return { ends: 'reproduced', because: 'it was taken in' };
    }),
  );
}
