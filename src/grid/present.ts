/** What holds now: protocols, weights and worker of this checkout. A run that was measured under another is stale. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Fault } from '../contract/index.ts';
import { loadModelCards, loadProtocols, protocolHash } from '../protocol/index.ts';
import { root } from '../root.ts';

export interface Present {
  /** finding -> sha256 of its protocol. */
  readonly protocols: ReadonlyMap<string, string>;
  /** organism -> sha256 of its weights, where it lies here. */
  readonly weights: ReadonlyMap<string, string>;
  /** model -> the revision that its card pins. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Version of the worker, and with it of the engines. */
  readonly worker: string;
}

export function present(): Present {
  const protocols = [...loadProtocols()].map(([finding, protocol]) => [finding, protocolHash(protocol)] as const);
  const [weights, revisions] = [new Map<string, string>(), new Map<string, string>()];
  for (const [model, { where }] of loadModelCards()) {
    if (where.kind === 'hub' && where.revision !== null) revisions.set(model, where.revision);
    const file = where.kind === 'organism' ? join(root, where.folder, 'card.json') : '';
    if (existsSync(file))
      weights.set(
        model,
        z.looseObject({ weights_sha256: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).weights_sha256,
      );
  }
  return { protocols: new Map(protocols), weights, revisions, worker: workerVersion() };
}

/** Read from the source: starting a worker to ask it takes seconds. */
function workerVersion(): string {
  const file = 'tools/worker/recircuit_worker/versions.py';
  const [, version] = /^WORKER = "(.+)"$/m.exec(readFileSync(join(root, file), 'utf8')) ?? [];
  if (version !== undefined) return version;
  throw new Fault({
    code: 'no-version',
    what: 'the version of the worker',
    why: `${file} does not say it as WORKER = "…"`,
    instead: 'this is a mistake in the program; report it',
  });
}
