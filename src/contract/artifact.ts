/** Artifacts: tensors in safetensors files named by the sha256 of their bytes, each with a manifest beside it. */
import * as z from 'zod';
import { Sha256 } from './names.ts';
import { Versions } from './versions.ts';

export const ArtifactRef = z
  .strictObject({
    sha256: Sha256,
    kind: z.string().describe('what it is, e.g. head_effects'),
    shape: z.array(z.number().int().min(0)),
    axes: z.array(z.string()).describe('name of each axis of `shape`'),
    dtype: z.string().describe('float32 unless said otherwise'),
    unit: z.string(),
  })
  .meta({
    id: 'ArtifactRef',
    description: 'A tensor on disk: its first tensor, `data`, is described here; the manifest says the rest.',
  });
export type ArtifactRef = z.infer<typeof ArtifactRef>;

export const Manifest = z
  .strictObject({
    ref: ArtifactRef,
    bytes: z.number().int().min(0),
    labels: z
      .record(z.string(), z.array(z.string()))
      .describe('names along an axis, e.g. tasks; or of what was read, e.g. prompts_sha256'),
    producer: z
      .strictObject({
        tool: z.string(),
        request_sha256: Sha256,
        model: z.string(),
        weights_sha256: Sha256,
        versions: Versions,
      })
      .meta({ id: 'Producer' }),
  })
  .meta({ id: 'Manifest' });
export type Manifest = z.infer<typeof Manifest>;
