/** One hash over the manifests of a run's artifacts. The name of a tensor vouches for all of its manifest but the versions: this does for those. */
import { hashOf, type StepBody } from '../contract/index.ts';
import { readManifest } from './artifacts.ts';
import { artifactsOf } from './rows.ts';

/** @throws Fault missing-artifact, bad-artifact */
export function manifestsHash(steps: readonly { readonly body: StepBody }[], dir: string): string {
  const names = new Set(steps.flatMap(({ body }) => artifactsOf(body)).map(({ sha256 }) => sha256));
  return hashOf([...names].sort().map((sha256) => readManifest(dir, sha256)));
}
