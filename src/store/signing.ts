/**
 * The key that signs the journal: Ed25519, in a file of the user's, made at first use. Workers get neither the variable that names
 * it (src/worker/environment.ts) nor agents any file at all; a worker runs as the same user, though, which runs/README.md says plainly.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Refusal, sha256 } from '../contract/index.ts';

export interface SigningKey {
  /** Public half: SPKI, base64. */
  readonly key: string;
  /** Returns the signature of a text, base64. */
  sign(text: string): string;
}

/** RECIRCUIT_KEY_FILE, else `recircuit/signing-key.pem` in the user's folder of settings. */
export function keyFile(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['RECIRCUIT_KEY_FILE'];
  if (named) return named;
  return join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'recircuit', 'signing-key.pem');
}

/** Returns the key of the file, made first where there is none. @throws Refusal bad-key, open-key */
export function signingKey(file = keyFile()): SigningKey {
  try {
    if (!existsSync(file)) make(file);
    return readKey(file);
  } catch (error) {
    throw error instanceof Refusal ? error : badKey(file, (error as Error).message, error);
  }
}

/** Returns the fingerprint of this machine's key, or null while it has none; makes nothing. */
export function ownFingerprint(file = keyFile()): string | null {
  try {
    return existsSync(file) ? fingerprintOf(readKey(file).key) : null;
  } catch {
    return null; // a reader need not own a key that can be read
  }
}

/** sha256 of the public key as it stands in the journal. */
export const fingerprintOf = (key: string): string => sha256(Buffer.from(key, 'base64'));

export function isSigned(text: string, key: string, signature: string): boolean {
  try {
    const known = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
    return known.asymmetricKeyType === 'ed25519' && verifyBytes(null, Buffer.from(text), known, fromBase64(signature));
  } catch {
    return false; // not a key
  }
}

/** Node reads several spellings of one base64 text; only the one that we write counts. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new TypeError('not the canonical base64');
  return bytes;
}

function readKey(file: string): SigningKey {
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) throw openKey(file);
  const secret = createPrivateKey(readFileSync(file));
  if (secret.asymmetricKeyType !== 'ed25519') throw badKey(file, 'it holds a key of another kind');
  return { key: publicHalf(secret), sign: (text) => signBytes(null, Buffer.from(text), secret).toString('base64') };
}

const publicHalf = (secret: KeyObject): string =>
  createPublicKey(secret).export({ format: 'der', type: 'spki' }).toString('base64');

/** Appears whole or not at all; of two processes that make it at once, one wins. */
function make(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const scratch = `${file}.${process.pid}.tmp`;
  try {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(scratch, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flush: true });
    chmodSync(scratch, 0o600);
    linkSync(scratch, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(scratch, { force: true });
  }
}

const MEND = 'mend the file, or name another with RECIRCUIT_KEY_FILE';

function badKey(file: string, why: string, cause?: unknown): Refusal {
  return new Refusal({ code: 'bad-key', what: `the signing key ${file}`, why, instead: MEND }, { cause });
}

const openKey = (file: string): Refusal =>
  new Refusal({
    code: 'open-key',
    what: `the signing key ${file}`,
    why: 'other users may read it',
    instead: `run \`chmod 600 ${file}\`; if somebody may have read it, remove it, and a new one is made`,
  });
