/** A vitest reporter that writes what `npm test` counts: numbers, and each skip with its reason. */
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failed += 1;
        else counts.skipped.push({ name: `${module.relativeModuleId} > ${test.fullName}`, reason: note ?? '' });
      }
    }
    writeFileSync(process.env.RECIRCUIT_TEST_COUNTS, JSON.stringify(counts));
  }
}
