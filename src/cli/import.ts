/** Takes an exported run into the record, and its tensors into the folder of artifacts. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson, Refusal, type Run } from '../contract/index.ts';
import { readJsonl } from '../export/index.ts';
import { type CarriedTensor, checkArtifact, openRecord } from '../store/index.ts';
import type { Home } from './cli.ts';

/** Returns the run and whether it was there before. @throws Refusal no-export, not-an-export, altered, not-ended, run-exists */
export function importFile(home: Home, name: string): { run: Run; known: boolean } {
  const { recorded, tensors } = readJsonl(textOf(name), name);
  const record = openRecord(home.runs);
  try {
    const known = record.run(recorded.run.run) !== undefined;
    const run = record.importRun(recorded);
    mkdirSync(home.artifacts, { recursive: true });
    for (const tensor of tensors) keep(home.artifacts, tensor);
    return { run, known };
  } finally {
    record.close();
  }
}

function textOf(name: string): string {
  try {
    return readFileSync(resolve(name), 'utf8');
  } catch (error) {
    throw new Refusal(
      { code: 'no-export', what: name, why: (error as Error).message, instead: 'name an exported .jsonl file' },
      { cause: error },
    );
  }
}

function keep(folder: string, { manifest, bytes }: CarriedTensor): void {
  const name = manifest.ref.sha256;
  const file = join(folder, `${name}.safetensors`);
  if (!existsSync(file)) writeFileSync(file, bytes);
  const beside = join(folder, `${name}.json`);
  if (!existsSync(beside)) writeFileSync(beside, canonicalJson(manifest));
  const wrong = checkArtifact(folder, name);
  if (wrong === null) return;
  const what = `artifact ${name.slice(0, 12)}`;
  throw new Refusal({ code: 'altered', what, why: wrong, instead: 'get an export that was not changed' });
}
