/** ULIDs, the ids of runs: 48 bits of time and 80 random bits in Crockford's base 32, so that ids sort by the time of opening. */
import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Returns a new ULID of 26 characters. Two of one millisecond are not ordered among themselves.
 * @param time milliseconds since 1970
 */
export function ulid(time: number = Date.now()): string {
  let value = (BigInt(time) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}
