/**
 * A grid as plain files for others: evidence of each run, the cells that follow from it, and an index of both, signed by the key
 * that signs the journal. Written in place, so that the folder may be part of a Git repository.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { canonicalJson, PooledCell, Refusal, RunEvidence, Sha256, sha256 } from '../contract/index.ts';
import { fingerprintOf, isSigned, signingKey } from '../store/index.ts';
import { evidenceProblem } from './bundle-problems.ts';

/** Of the format; a reader refuses what is newer. */
const VERSION = 1;
/** No file of a bundle is longer: what is longer is none of ours and is not read. */
const MOST_BYTES = 16 * 1024 * 1024;
const [INDEX, SIGNATURE, CELLS, RUNS] = ['grid.json', 'grid.sig', 'cells.json', 'runs'] as const;
const FILE = /^(cells\.json|runs\/[0-9A-Z]{26}\.json)$/;

const Index = z.strictObject({
  format: z.literal('recircuit-grid'),
  version: z.literal(VERSION),
  key: z.string().describe('public key (Ed25519, SPKI, base64)'),
  protocols: z.record(z.string(), z.array(Sha256)).describe('finding -> protocols under which it was measured'),
  files: z.record(z.string().regex(FILE), Sha256),
});
const Head = z.looseObject({ format: z.string(), version: z.number() });

export interface Bundle {
  readonly runs: readonly RunEvidence[];
  /** sha256 of the index. */
  readonly sha256: string;
  /** Fingerprint of the key that signed it. */
  readonly signer: string;
}

/**
 * Writes runs that this machine's key sealed, and the cells that follow from them; of an earlier bundle in that folder nothing
 * stays. The same grid gives the same bytes. @throws Refusal where the folder holds something else, or cannot be written
 */
export function writeBundle(folder: string, runs: readonly RunEvidence[], cells: readonly PooledCell[]): Bundle {
  if (!isOurs(folder)) {
    const why = statSync(folder).isDirectory() ? 'it holds other files' : 'it is no folder';
    throw refuse('not-a-bundle', folder, why, 'name an empty folder or one of an earlier bundle');
  }
  const signer = signingKey();
  const files = new Map<string, string>([[CELLS, pretty(z.array(PooledCell).parse(cells))]]);
  for (const run of runs) files.set(`${RUNS}/${run.run}.json`, pretty(RunEvidence.parse(run)));
  const protocols: Record<string, string[]> = {};
  for (const { finding, protocol_sha256 } of runs)
    protocols[finding] = [...new Set([...(protocols[finding] ?? []), protocol_sha256])].sort((a, b) =>
      a < b ? -1 : 1,
    );
  const index = Index.parse({
    format: 'recircuit-grid',
    version: VERSION,
    key: signer.key,
    protocols,
    files: Object.fromEntries([...files].map(([name, text]) => [name, sha256(text)])),
  });
  const text = pretty(index);
  try {
    mkdirSync(join(folder, RUNS), { recursive: true });
    for (const name of readdirSync(join(folder, RUNS)))
      if (FILE.test(`${RUNS}/${name}`)) rmSync(join(folder, RUNS, name));
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, INDEX), text);
    writeFileSync(join(folder, SIGNATURE), `${signer.sign(text)}\n`);
  } catch (cause) {
    const why = (cause as Error).message.replace(/, \w+ '.*$/, '');
    throw refuse('cannot-write', folder, why, 'name another folder', cause);
  }
  return { runs, sha256: sha256(text), signer: fingerprintOf(signer.key) };
}

/** Whether a bundle may be written there: nothing lies in it but what is hidden, or an earlier bundle. */
function isOurs(folder: string): boolean {
  if (!existsSync(folder)) return true;
  if (!statSync(folder).isDirectory()) return false;
  return existsSync(join(folder, INDEX)) || readdirSync(folder).every((name) => name.startsWith('.'));
}

/** Keys are in order, so that two versions differ only where the grid does. */
const pretty = (value: unknown): string => `${JSON.stringify(JSON.parse(canonicalJson(value)), null, 1)}\n`;

/**
 * Reads a bundle whole or not at all.
 * @param distrust says why bundles of a key, named by its fingerprint, may not come in; null: they may
 * @throws Refusal not-a-bundle, newer-bundle, unknown-key, altered
 */
export function readBundle(folder: string, distrust: (fingerprint: string) => string | null): Bundle {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw refuse(
      'not-a-bundle',
      folder,
      existsSync(folder) ? 'it is no folder' : 'there is no such folder',
      'name a folder that `grid publish` wrote',
    );
  const text = readPart(folder, INDEX);
  const index = indexOf(folder, text);
  const signer = fingerprintOf(index.key);
  if (!isSigned(text, index.key, readPart(folder, SIGNATURE).trimEnd()))
    throw altered(folder, 'the signature is not that of its index by the key that it names');
  const against = distrust(signer);
  if (against !== null)
    throw refuse(
      'unknown-key',
      folder,
      `it is signed by key ${signer}, ${against}`,
      `ask its author for the fingerprint on another way, and give it with --key`,
    );
  const here = (existsSync(join(folder, RUNS)) ? readdirSync(join(folder, RUNS)) : []).map((name) => `${RUNS}/${name}`);
  const extra = here.find((name) => index.files[name] === undefined);
  if (extra !== undefined) throw altered(folder, `${extra} is not in its index`);
  const contents = Object.entries(index.files).map(([name, hash]) => {
    const content = readPart(folder, name);
    if (sha256(content) !== hash) throw altered(folder, `${name} is not what was signed`);
    return [name, content] as const;
  });
  const runs = contents.filter(([name]) => name !== CELLS).map(([name, content]) => evidenceOf(folder, name, content));
  const wrong = runs.map((run) => evidenceProblem(run, index.key)).find((problem) => problem !== null);
  if (wrong) throw altered(folder, wrong);
  return { runs, sha256: sha256(text), signer };
}

function indexOf(folder: string, text: string): z.infer<typeof Index> {
  const head = Head.safeParse(parsed(text));
  if (!head.success || head.data.format !== 'recircuit-grid')
    throw refuse(
      'not-a-bundle',
      folder,
      `its ${INDEX} is no index of a grid`,
      'name a folder that `grid publish` wrote',
    );
  if (head.data.version > VERSION)
    throw refuse(
      'newer-bundle',
      folder,
      `it has version ${head.data.version}, and this program knows ${VERSION}`,
      'update recircuit',
    );
  const index = Index.safeParse(parsed(text));
  if (index.success) return index.data;
  throw altered(folder, `${INDEX} does not have the form of one`);
}

function evidenceOf(folder: string, name: string, content: string): RunEvidence {
  const read = RunEvidence.safeParse(parsed(content));
  if (read.success && name === `${RUNS}/${read.data.run}.json`) return read.data;
  throw altered(folder, `${name} is no evidence of that run`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Links are not followed: a bundle is what lies in its folder. */
function readPart(folder: string, name: string): string {
  const file = join(folder, name);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined && name === INDEX)
    throw refuse('not-a-bundle', folder, `it holds no ${INDEX}`, 'name a folder that `grid publish` wrote');
  if (found === undefined) throw altered(folder, `${name} is missing`);
  if (!found.isFile() || found.size > MOST_BYTES) throw altered(folder, `${name} is no plain file of a bundle's size`);
  return readFileSync(file, 'utf8');
}

const altered = (folder: string, why: string): Refusal =>
  refuse('altered', folder, why, 'get a bundle that was not changed');

function refuse(code: string, folder: string, why: string, instead: string, cause?: unknown): Refusal {
  return new Refusal({ code, what: `the bundle ${folder}`, why, instead }, { cause });
}
