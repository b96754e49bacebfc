import { expect, test } from 'vitest';
import { canonicalJson, hashOf } from '../contract/index.ts';
import { contentHash, linkHash } from './chain.ts';

test('the hashes are those of canonical JSON', () => {
  const body = { kind: 'gave-up', reason: '"\u2028 \\ é', z: [1e21, -0.5, null], a: {} };
  const text = canonicalJson(body);
  const act = 'a "quoted" act';
  expect(contentHash(act, text)).toBe(hashOf({ act, body }));
  for (const previous of [null, 'ab']) {
    const link = { run: 'r', seq: 3, act, at: '2026', previous };
    expect(linkHash({ ...link, body: text })).toBe(hashOf({ ...link, body }));
  }
});
