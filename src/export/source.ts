/** What every export is made from, and what all of them do alike with text that is no valid Unicode. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Run, Step } from '../contract/index.ts';
import { artifactsOf, checkArtifact, readManifest } from '../store/index.ts';

export interface Source {
  readonly run: Run;
  readonly steps: readonly Step[];
  /** Folder of the tensors. */
  readonly artifacts: string;
}

export interface Artifact {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
}

/** Returns every artifact that the steps name, each once, and in a sentence each those that are missing or damaged. */
export function artifactsIn({ steps, artifacts }: Source): { found: Artifact[]; wrong: string[] } {
  const names = new Set(steps.flatMap(({ body }) => artifactsOf(body).map(({ sha256 }) => sha256)));
  const found: Artifact[] = [];
  const wrong: string[] = [];
  for (const name of names) {
    const problem = checkArtifact(artifacts, name);
    if (problem !== null) wrong.push(problem);
    else {
      const manifest = readManifest(artifacts, name);
      found.push({ manifest, bytes: readFileSync(join(artifacts, `${name}.safetensors`)) });
    }
  }
  return { found, wrong };
}

const LONE = /\p{Cs}/gu;

/** Returns the value with U+FFFD for each half of a surrogate pair, which JSON readers in other languages refuse. */
export function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll(LONE, '\ufffd') as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormed(item)])) as T;
}

/** True where `wellFormed` would change nothing. */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.search(LONE) < 0;
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => isWellFormed(key) && isWellFormed(item));
}
