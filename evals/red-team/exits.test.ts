/** Every place from which something is printed, with the reason why it may: a new one must say how it escapes what it prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../src/root.ts';

const PRINTS = /\bconsole\.\w+\(|\bprocess\.(stdout|stderr)\b|\b(stdout|stderr|stream)\.write\(|\} = process;/;
const ROOMS = ['agents', 'src', 'tools'];
/** Processes of set-up, tests and generation print their own words. */
const OWN = /\.test\.ts$|\/fixtures\/|^src\/(setup|generate)\//;

const EXITS: Readonly<Record<string, string>> = {
  'src/cli/cli.ts': 'the exit of every command; JSON is spelled here, text where it is put together',
  'src/cli/commands/grid-fill.ts': 'readline asks in words of ours whether to go on',
  'src/cli/commands/review.ts': 'readline echoes what a person types',
  'src/cli/export.ts': 'an export to stdout: JSON is spelled, a page holds markup that is escaped',
  'src/cli/main.ts': 'looks whether the reader has gone',
  'src/cli/progress.ts': 'one line that changes; its words are escaped by who gives them',
  'src/job/person.ts':
    'the questions to a person; the planner human spells what it shows, the lines of a file are spelled here',
  'src/mcp/stdio.ts': 'the protocol for a client; text in it is escaped by the words of the session',
};

test('nothing is printed elsewhere', () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`),
  ).filter((file) => !OWN.test(file));
  const printing = files.filter((file) => PRINTS.test(readFileSync(join(root, file), 'utf8')));
  expect(files.length).toBeGreaterThan(200);
  expect(printing.sort().filter((file) => !(file in EXITS))).toEqual([]);
  expect(Object.keys(EXITS).filter((file) => !printing.includes(file))).toEqual([]);
});
