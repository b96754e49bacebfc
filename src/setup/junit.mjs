/** Reads the counts out of pytest's JUnit file; that one writer's format, not XML at large. */

const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#10': '\n' };

/** Returns counts in the same form as count-reporter.mjs. Errors, such as a file that cannot be read, count as failed. */
export function countsOfJunit(xml) {
  const [head] = /<testsuite [^>]*>/.exec(xml) ?? [''];
  const total = Number(attribute(head, 'tests'));
  const failed = Number(attribute(head, 'failures')) + Number(attribute(head, 'errors'));
  const skipped = [];
  for (const [, opening, body] of xml.matchAll(/<testcase ([^>]*[^/])>(.*?)<\/testcase>/gs)) {
    const [skip] = /<skipped [^>]*>/.exec(body) ?? [];
    if (!skip) continue;
    const name = `${attribute(opening, 'classname')} > ${attribute(opening, 'name')}`;
    skipped.push({ name, reason: attribute(skip, 'message') });
  }
  return { passed: Math.max(0, total - failed - skipped.length), failed, skipped };
}

function attribute(tag, name) {
  const [, value = ''] = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag) ?? [];
  return value.replace(/&([a-z]+|#10);/g, (whole, entity) => ENTITIES[entity] ?? whole);
}
