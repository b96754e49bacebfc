/** Stamps: what an installation was made from, written when it is complete and removed before it is changed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Returns one hash over the files' bytes and the words. */
export function keyOf(files, words = []) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : '').update('\0');
  for (const word of words) hash.update(word).update('\0');
  return hash.digest('hex');
}

export function hasStamp(file, key) {
  return existsSync(file) && readFileSync(file, 'utf8') === key;
}

export function writeStamp(file, key) {
  writeFileSync(file, key);
}

export function removeStamp(file) {
  rmSync(file, { force: true });
}
