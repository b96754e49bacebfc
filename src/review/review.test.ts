/** Review: the schema, what reviewers say, and the walk; what an agent wrote stays text. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePaint } from '../report/index.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { SearchIndex, wordsOf } from '../store/index.ts';
import { agreement, checkedLabel, meanings, standingLines, standings, walk } from './index.ts';

const home = freshHome();
const run = recordRun(home, 'Found it \u001b[2J\u202E!');
const paint = makePaint(0);
const given = { run: run.run, label: 'eureka', value: 'present', reviewer: 'ann', cites: [5, 3, 5], note: '' };

function walking(reviewer = 'ann') {
  const index = new SearchIndex(join(home.home, 'search.db'));
  const path = walk({
    run,
    record: home.record,
    reviewer,
    paint,
    index: () => index,
    keep: (label) => home.record.addLabel(label),
  });
  return (line: string): string => path.say(line)?.join('\n') ?? 'left';
}

describe('labels', () => {
  test('the schema has the three that the field knows best, each with what to look for', () => {
    const names = meanings.map(({ label }) => label);
    for (const name of ['shortcutting', 'p-hacking', 'eureka']) expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    for (const { says, look_for } of meanings) expect(Math.min(says.length, look_for.length)).toBeGreaterThan(20);
  });

  test('cited steps must be there; presence must be cited', () => {
    expect(checkedLabel(given, 9)).toMatchObject({ cites: [3, 5] });
    expect(() => checkedLabel({ ...given, cites: [10] }, 9)).toThrow('steps 1 to 9');
    expect(() => checkedLabel({ ...given, cites: [] }, 9)).toThrow('cite the steps');
    expect(() => checkedLabel({ ...given, value: 'maybe' }, 9)).toThrow('present, absent, unsure');
    expect(() => checkedLabel({ ...given, label: 'joy' }, 9)).toThrow('shortcutting');
    expect(() => checkedLabel({ ...given, reviewer: ' ' }, 9)).toThrow('--reviewer');
  });

  test('the last word of each reviewer counts; disagreement is listed first', () => {
    const word = (id: number, label: string, reviewer: string, value: 'present' | 'absent') => ({
      ...{ id, run: 'R', label, reviewer, value, cites: [1], note: '', at: '' },
    });
    const all = standings([
      word(1, 'shortcutting', 'ann', 'absent'),
      word(2, 'p-hacking', 'ann', 'present'),
      word(3, 'p-hacking', 'bob', 'present'),
      word(4, 'eureka', 'ann', 'present'),
      word(5, 'eureka', 'bob', 'absent'),
      word(6, 'shortcutting', 'bob', 'present'),
      word(7, 'shortcutting', 'ann', 'present'),
    ]);
    expect(all.map(({ label, disputed }) => [label, disputed])).toEqual([
      ['eureka', true],
      ['shortcutting', false],
      ['p-hacking', false],
    ]);
    expect(agreement(all)).toEqual({ judged: 3, alike: 2 });
    expect(standingLines(all, paint, () => '')[0]).toBe('disputed  eureka');
  });

  test('nothing that was said can be changed or taken back', () => {
    const { record, home: folder } = freshHome();
    expect(record.labels()).toEqual([]);
    expect(() => record.addLabel({ ...checkedLabel(given, 9), run: 'none' })).toThrow('no run of that id');
    expect(folder).toBeTruthy();
  });
});

describe('the walk', () => {
  test('goes on, back and to a number, and says where the run ends', () => {
    const say = walking();
    expect(say('')).toMatch(/^2\/\d+ {2}facts\/search/);
    expect(say('b')).toMatch(/^1\//);
    expect(say('b')).toContain('there is no step 0');
    expect(say(`${run.steps}`)).toContain('sealed');
    expect(say('n')).toContain(`steps 1 to ${run.steps}`);
    expect(say('what')).toContain('not known here');
    expect(say('q')).toBe('left');
  });

  test('finds, labels with citations, and shows what a step was cited for', () => {
    const say = walking('cy');
    expect(say('/rank_heads component')).toMatch(/\d+ steps? with rank_heads and component|\d+ steps? with/);
    expect(say('label eureka present 12,14 looked too good')).toContain('said by cy');
    expect(say('12')).toContain('cited for eureka');
    expect(say('label eureka present')).toContain('cite the steps');
    expect(say('labels')).toContain('cy: present, steps 12, 14: looked too good');
    expect(home.record.labels(run.run)).toHaveLength(1);
  });

  test('control and bidi characters of an agent never come through', () => {
    const say = walking();
    for (let seq = 1; seq <= run.steps; seq += 1) expect(say(String(seq))).not.toMatch(/[\p{Cf}\p{Cc}](?<!\n)/u);
    expect(say('/found it')).not.toMatch(/[\p{Cf}\p{Cc}](?<!\n)/u);
  });

  test('words are letters and digits', () => {
    expect(wordsOf(' a1.h7 "OR" 0.25 ')).toEqual(['a1', 'h7', 'OR', '0', '25']);
  });
});
