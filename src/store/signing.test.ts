/** The signing key: where it lies, who may read it, and what it refuses. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { workerEnvironment } from '../worker/environment.ts';
import { fingerprintOf, isSigned, keyFile, ownFingerprint, signingKey } from './signing.ts';

test('is made at first use, for its owner alone, and kept', () => {
  const file = join(temporaryFolder(), 'config', 'recircuit', 'signing-key.pem');
  expect(ownFingerprint(file)).toBeNull();
  expect(existsSync(file)).toBe(false);
  const { key, sign } = signingKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  expect(ownFingerprint(file)).toBe(fingerprintOf(key));
  const signature = sign('text');
  expect(isSigned('text', key, signature)).toBe(true);
  expect(isSigned('text', key, signingKey(file).sign('text'))).toBe(true);
  expect(isSigned('texts', key, signature)).toBe(false);
  expect(isSigned('text', key, `${signature} `)).toBe(false);
  expect(isSigned('text', 'no key', signature)).toBe(false);
});

test('lies in the settings of the user, or where RECIRCUIT_KEY_FILE says, which no worker is told', () => {
  expect(keyFile({ XDG_CONFIG_HOME: '/c' })).toBe('/c/recircuit/signing-key.pem');
  expect(keyFile({})).toMatch(/\.config\/recircuit\/signing-key\.pem$/);
  expect(keyFile({ RECIRCUIT_KEY_FILE: '/k.pem', XDG_CONFIG_HOME: '/c' })).toBe('/k.pem');
  expect(Object.values(workerEnvironment({ RECIRCUIT_KEY_FILE: '/k.pem', RECIRCUIT_HOME: '/h' })).join()).not.toContain(
    '/k.pem',
  );
});

test('is refused when others may read it, or when it is none', () => {
  const file = join(temporaryFolder(), 'key.pem');
  signingKey(file);
  chmodSync(file, 0o640);
  expect(() => signingKey(file)).toThrow('other users may read it');
  writeFileSync(file, 'not a key');
  chmodSync(file, 0o600);
  expect(() => signingKey(file)).toThrow(/the signing key .*Instead: mend the file/);
});

test('is one, when eight processes make it at once', async () => {
  const file = join(temporaryFolder(), 'key.pem');
  const script = `import { signingKey } from './src/store/signing.ts'; process.stdout.write(signingKey(process.argv.at(-1)).key);`;
  const make = () =>
    execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, file], { cwd: root });
  const keys = await Promise.all(Array.from({ length: 8 }, make));
  expect(new Set(keys.map(({ stdout }) => stdout)).size).toBe(1);
  expect(readFileSync(file, 'utf8')).toContain('PRIVATE KEY');
});
