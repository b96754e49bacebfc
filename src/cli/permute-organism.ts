/** Writes a twin of an organism whose heads stand elsewhere in their layers, through the worker. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PermuteResult, Refusal } from '../contract/index.ts';
import { startWorker, workerPython } from '../worker/index.ts';
import type { Organism } from './organism.ts';
import { cancellable } from './signals.ts';

/** @throws Refusal where the organism has not been built, or the folder exists */
export async function permuteOrganism({ name, folder }: Organism, out: string, seed: number): Promise<PermuteResult> {
  if (!existsSync(join(folder, 'config.json'))) {
    throw new Refusal({
      code: 'no-model',
      what: `the organism ${name} cannot be permuted`,
      why: `${folder} holds no model`,
      instead: `train it with \`recircuit models build ${name}\``,
    });
  }
  return cancellable(async (signal) => {
    const worker = await startWorker({ python: workerPython() });
    try {
      return PermuteResult.parse(await worker.call('permute_heads', { folder, out: resolve(out), seed }, { signal }));
    } finally {
      await worker.stop();
    }
  });
}
