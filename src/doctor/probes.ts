/** How each thing is looked at. A probe changes nothing, says what it found, and throws where looking itself failed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import * as z from 'zod';
import { BuiltCard, Refusal } from '../contract/index.ts';
import { loadModelCards } from '../protocol/index.ts';
import { root } from '../root.ts';
import { satisfies, wantedNode, wantedPython } from '../setup/versions.mjs';
import { openRecord } from '../store/index.ts';
import { startWorker } from '../worker/index.ts';

const run = promisify(execFile);

/** Where to look. */
export interface Place {
  /** Interpreter of the worker. */
  readonly python: string;
  /** The record, runs.db. */
  readonly record: string;
  readonly artifacts: string;
}

export interface Found {
  /** `information` is neither good nor bad. */
  readonly status: 'ok' | 'problem' | 'information';
  readonly found: string;
}

export type Probe = (place: Place) => Promise<Found>;

const judged = (ok: boolean, found: string): Found => ({ status: ok ? 'ok' : 'problem', found });

export const node: Probe = async () =>
  judged(satisfies(process.versions.node, wantedNode()), `Node ${process.versions.node}, wanted ${wantedNode()}`);

export const sqlite: Probe = async () => {
  openRecord(':memory:').close();
  return judged(true, 'the native module opens and an empty record can be made');
};

export const python: Probe = async (place) => {
  const { stdout } = await run(place.python, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
  const version = stdout.trim();
  return judged(satisfies(version, wantedPython()), `Python ${version}, wanted ${wantedPython()}, at ${place.python}`);
};

const TORCH = `
import json, torch, transformers
cuda = torch.cuda.is_available()
print(json.dumps({
  "torch": torch.__version__, "transformers": transformers.__version__,
  "devices": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else [],
  "bytes": [torch.cuda.mem_get_info(i)[1] for i in range(torch.cuda.device_count())] if cuda else [],
}))`;

const Torch = z.strictObject({
  torch: z.string(),
  transformers: z.string(),
  devices: z.array(z.string()),
  bytes: z.array(z.number()),
});

async function askTorch({ python }: Place): Promise<z.infer<typeof Torch>> {
  const { stdout } = await run(python, ['-c', TORCH], { timeout: 180_000 });
  return Torch.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

export const torch: Probe = async (place) => {
  const { torch, transformers } = await askTorch(place);
  return judged(true, `torch ${torch}, transformers ${transformers}`);
};

export const cuda: Probe = async (place) => {
  const { devices, bytes } = await askTorch(place);
  const names = devices.map((name, i) => `${name} (${Math.round((bytes[i] ?? 0) / 2 ** 30)} GiB)`);
  return { status: 'information', found: names.join(', ') || 'no CUDA device; models run on the CPU' };
};

export const worker: Probe = async ({ python }) => {
  const client = await startWorker({ python });
  await client.stop();
  const { hello } = client;
  return judged(
    true,
    `worker ${hello.worker}, ${hello.tools.length} tools, contract ${hello.contract_sha256.slice(0, 12)}`,
  );
};

export const generated: Probe = async () => {
  try {
    await run(process.execPath, ['--import', 'tsx', 'src/generate/main.ts', '--check'], { cwd: root });
    return judged(true, 'all current');
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    const stale = stdout.split('\n').filter((line) => line.startsWith('not current'));
    if (stale.length === 0) throw error;
    return judged(false, stale.join('; '));
  }
};

export const record: Probe = async (place) => {
  try {
    const record = openRecord(place.record, { readOnly: true });
    const runs = record.runs().length;
    record.close();
    return judged(true, `${runs} runs, newest migration`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.failure.code === 'no-record') return { status: 'information', found: 'none yet; the first run makes it' };
    if (error.failure.code === 'older-database') return { status: 'information', found: 'the next run migrates it' };
    return judged(false, error.failure.why);
  }
};

const LEAST_FREE = 2 ** 30;

export const artifacts: Probe = async (place) => {
  let folder = place.artifacts;
  while (!existsSync(folder)) folder = dirname(folder);
  const trial = join(folder, `.recircuit-doctor-${process.pid}`);
  await writeFile(trial, 'x');
  await rm(trial);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return judged(free >= LEAST_FREE, `writable, ${(free / 2 ** 30).toFixed(1)} GiB free`);
};

export const organisms: Probe = async () => {
  const folders = [...loadModelCards().values()].flatMap(({ model, where }) =>
    where.kind === 'organism' ? [{ model, folder: join(root, where.folder) }] : [],
  );
  const complaints = (await Promise.all(folders.map(complaintOf))).filter((complaint) => complaint !== '');
  return judged(
    complaints.length === 0,
    complaints.join('; ') || `${folders.length} organisms, weights as their cards say`,
  );
};

async function complaintOf({ model, folder }: { model: string; folder: string }): Promise<string> {
  const [card, weights] = [join(folder, 'card.json'), join(folder, 'model.safetensors')];
  if (!existsSync(card) || !existsSync(weights)) return `${model} is not built`;
  const hash = createHash('sha256');
  await pipeline(createReadStream(weights), hash);
  const { weights_sha256 } = BuiltCard.parse(JSON.parse(readFileSync(card, 'utf8')));
  return hash.digest('hex') === weights_sha256 ? '' : `the weights of ${model} are not those of its card`;
}
