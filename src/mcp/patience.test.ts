/** A run is left only where it waits, and only when nobody has said anything for long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Patience } from './patience.ts';

it('does not end work, waits as long as somebody speaks, and leaves then', async () => {
  let waiting = false;
  let left = 0;
  const patience = new Patience(
    200,
    () => waiting,
    () => left++,
  );
  patience.renew();
  await sleep(500);
  expect(left).toBe(0);
  waiting = true;
  for (let spoken = 0; spoken < 5; spoken++) {
    patience.renew();
    await sleep(60);
  }
  expect(left).toBe(0);
  await sleep(500);
  expect(left).toBe(1);
});

it('leaves nothing once it is ended', async () => {
  let left = 0;
  const patience = new Patience(
    10,
    () => true,
    () => left++,
  );
  patience.renew();
  patience.end();
  await sleep(100);
  expect(left).toBe(0);
});
