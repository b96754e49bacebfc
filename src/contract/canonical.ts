/**
 * Canonical JSON and its hash: the one spelling under which protocols, steps and requests are compared and chained.
 * Files of tensors are hashed as bytes, elsewhere.
 */
import { createHash } from 'node:crypto';
import type { Json } from './names.ts';

/**
 * Returns JSON with keys in code-unit order, no white space and JavaScript's number spelling.
 * @throws TypeError for NaN, infinities, undefined and anything that JSON cannot carry.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON spelling; use null with a reason`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} has no JSON spelling`);
}

/** Returns the sha256 of a text or of bytes, as hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns the sha256 of a value's canonical JSON. */
export function hashOf(value: unknown | Json): string {
  return sha256(canonicalJson(value));
}
