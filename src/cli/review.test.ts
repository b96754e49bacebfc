/** Review and import as others meet them: two reviewers in processes of their own, and a record that comes from elsewhere. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../contract/index.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { temporaryFolder } from '../testing.ts';
import { recircuit } from './fixtures/processes.ts';

const home = freshHome();
recordRun(home, 'An agent wrote this: \u001b[2J');
beforeAll(() => home.record.close());

describe('review', () => {
  it('two reviewers, one by command and one on a walk; their disagreement comes first', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(home.home, 'runs.db'), join(folder, 'runs.db'));
    const ann = [
      'review',
      'label',
      'latest',
      'eureka',
      'present',
      '--cite',
      '3,5',
      '--note',
      'odd \u001b[2J',
      '--reviewer',
      'ann',
    ];
    expect(await recircuit(ann, folder)).toMatchObject({ code: 0, stdout: '' });
    const walked = [
      '/antonym',
      '12',
      'label p-hacking absent',
      'label eureka absent',
      'label joy present 1',
      'labels',
      'q',
      'never',
    ];
    const { stdout, code } = await recircuit(['review', 'latest', '--reviewer', 'bob'], folder, {}, walked.join('\n'));
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(stdout).toMatch(/^12\/\d+ /m);
    expect(stdout).toMatch(/steps? with antonym/);
    expect(stdout).toContain('label "joy"');
    const { stdout: said } = await recircuit(['review', 'labels', 'latest'], folder);
    expect(said.split('\n')[0]).toMatch(/^disputed {2}eureka/);
    expect(said).toContain('odd \\u{1b}[2J');
    expect(said).toContain('0 of 1 labels that two reviewers judged agree');
  });
});

describe('runs import', () => {
  it('takes in what was exported, tensors too, and refuses it once a byte is altered', async () => {
    const file = join(temporaryFolder(), 'run.jsonl');
    const other = temporaryFolder();
    await recircuit(['runs', 'export', 'latest', '--format', 'jsonl', '--out', file], home.home);
    expect(await recircuit(['runs', 'import', file], other)).toMatchObject({ code: 0 });
    expect(await recircuit(['runs', 'verify', 'latest'], other)).toMatchObject({ code: 0 });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"seed":0', '"seed":1'));
    const altered = await recircuit(['runs', 'import', file], temporaryFolder());
    expect(altered).toMatchObject({ code: EXIT.refused, stderr: expect.stringContaining('not changed') });
  });
});
