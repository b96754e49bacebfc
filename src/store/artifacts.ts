/**
 * Reading of artifacts: `<dir>/<sha256>.safetensors` and its manifest `<dir>/<sha256>.json`. The worker writes them; here they are
 * read and checked. The name is the hash of the tensor file, and that file states its own meaning (kind, axes, unit, labels,
 * producer) in its metadata, so that the name vouches for the manifest too.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, Fault, Manifest, Sha256 } from '../contract/index.ts';
import { dtypeName, type Header, readHeader, readValues } from './safetensors.ts';

/** A tensor as float32, row-major. */
export interface Tensor {
  readonly shape: number[];
  /** dtype in the file, e.g. `float32`. */
  readonly dtype: string;
  readonly data: Float32Array;
}

/** Key of the safetensors metadata under which the worker writes the meaning. */
const MEANING = 'recircuit';

const tensorFile = (dir: string, sha256: string): string => join(dir, `${sha256}.safetensors`);
const manifestFile = (dir: string, sha256: string): string => join(dir, `${sha256}.json`);

/** Reads a manifest. @throws Fault missing-artifact, bad-artifact */
export function readManifest(dir: string, sha256: string): Manifest {
  return orFault(dir, sha256, () => parseManifest(manifestFile(dir, sha256)));
}

/** Reads a tensor; it does not check the hash (`checkArtifact` does). @throws Fault missing-artifact, bad-artifact */
export function readTensor(dir: string, sha256: string, name = 'data'): Tensor {
  return orFault(dir, sha256, () => {
    const file = tensorFile(dir, sha256);
    const header = readHeader(file);
    const data = readValues(file, header, name);
    const entry = header.tensors.get(name);
    return { shape: entry?.shape ?? [], dtype: dtypeName(entry?.dtype ?? ''), data };
  });
}

/** Returns what is wrong with an artifact in one sentence, or null: its bytes have the named hash and its manifest belongs to them. */
export function checkArtifact(dir: string, sha256: string): string | null {
  const name = `artifact ${sha256.slice(0, 12)}`;
  if (!Sha256.safeParse(sha256).success) return `${name} is not named by a sha256`;
  const file = tensorFile(dir, sha256);
  if (!existsSync(file)) return `${name} is missing`;
  if (!existsSync(manifestFile(dir, sha256))) return `${name} has no manifest`;
  try {
    if (hashFile(file) !== sha256) return `${name} was changed: its bytes have another hash than its name`;
    const wrong = disagreement(sha256, readHeader(file), parseManifest(manifestFile(dir, sha256)));
    return wrong === null ? null : `${name} and its manifest disagree: ${wrong}`;
  } catch (error) {
    return `${name} cannot be read: ${(error as Error).message}`;
  }
}

function disagreement(sha256: string, header: Header, manifest: Manifest): string | null {
  const { ref, bytes } = manifest;
  const entry = header.tensors.get('data');
  if (ref.sha256 !== sha256) return 'the manifest names another hash';
  if (bytes !== header.bytes) return `the manifest says ${bytes} bytes and the file has ${header.bytes}`;
  if (entry === undefined) return 'the file has no tensor `data`';
  if (canonicalJson(entry.shape) !== canonicalJson(ref.shape)) return `the shapes are ${ref.shape} and ${entry.shape}`;
  if (dtypeName(entry.dtype) !== ref.dtype) return `the dtypes are ${ref.dtype} and ${dtypeName(entry.dtype)}`;
  if (ref.axes.length !== ref.shape.length) return 'the manifest does not name every axis once';
  return sameMeaning(header.metadata[MEANING], manifest) ? null : 'the file itself says otherwise what it is';
}

/** The file states what its numbers mean; the manifest may say more of its producer (versions), never something else. */
function sameMeaning(inside: string | undefined, { ref, labels, producer }: Manifest): boolean {
  if (inside === undefined) return false;
  const stated = JSON.parse(inside) as { producer?: object };
  const keys = new Set(Object.keys(stated.producer ?? {}));
  const made = Object.fromEntries(Object.entries(producer).filter(([key]) => keys.has(key)));
  return (
    canonicalJson(stated) === canonicalJson({ kind: ref.kind, axes: ref.axes, unit: ref.unit, labels, producer: made })
  );
}

function parseManifest(file: string): Manifest {
  const text = readFileSync(file, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('its manifest is not JSON');
  }
  const checked = Manifest.safeParse(json);
  if (!checked.success) throw new Error('its manifest does not have the form of one');
  return checked.data;
}

function hashFile(file: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(1 << 20);
  const fd = openSync(file, 'r');
  try {
    for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) hash.update(chunk.subarray(0, count));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

function orFault<T>(dir: string, sha256: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'there is no such file' : (error as Error).message;
    const what = `artifact ${sha256.slice(0, 12)} in ${dir}`;
    const instead = 'look at `recircuit runs verify <run>`, or run it again';
    throw new Fault({ code: missing ? 'missing-artifact' : 'bad-artifact', what, why, instead }, { cause: error });
  }
}
