/** Colours of a terminal, or none. Decided once from the stream and the environment; everything that draws gets it handed in. */
import type { Tone } from '../words.ts';

/** 0: none; 256 and true: how finely a cell may be coloured. */
export type Depth = 0 | 256 | 'true';

export interface Paint {
  readonly depth: Depth;
  /** Columns that a line may fill. */
  readonly columns: number;
  /** True on a terminal, where a line that is too long would break; a file or pipe gets whole lines. */
  readonly fits: boolean;
  bold(text: string): string;
  dim(text: string): string;
  tone(tone: Tone, text: string): string;
  /** Text on a coloured ground; without colours the text alone. */
  ground(rgb: Rgb, text: string): string;
  /** Coloured text, for bars and plots. */
  fore(rgb: Rgb, text: string): string;
}
export type Rgb = readonly [number, number, number];

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}
type Environment = Readonly<Record<string, string | undefined>>;

/** Of a file or pipe, which has no width of its own: sixteen heads with their numbers fit. */
const WIDTH = 110;

const TONE: Record<Tone, string> = { pass: '32', fail: '31', warn: '33', none: '2' };

/** Returns what the stream can show. NO_COLOR (any text) wins over everything; FORCE_COLOR over a stream that is no terminal. */
export function paintFor(stream: Stream, env: Environment): Paint {
  return makePaint(depthOf(stream, env), widthOf(stream, env), stream.isTTY === true);
}

function depthOf(stream: Stream, env: Environment): Depth {
  if (env['NO_COLOR'] || env['FORCE_COLOR'] === '0' || env['TERM'] === 'dumb') return 0;
  if (!stream.isTTY && !env['FORCE_COLOR']) return 0;
  const fine = env['FORCE_COLOR'] === '3' || /truecolor|24bit/.test(env['COLORTERM'] ?? '');
  return fine ? 'true' : 256;
}

function widthOf(stream: Stream, env: Environment): number {
  const columns = stream.columns ?? Number(env['COLUMNS'] ?? 0);
  return columns >= 40 ? Math.min(columns, 200) : WIDTH;
}

/** Returns a paint of that depth. */
export function makePaint(depth: Depth, columns = WIDTH, fits = false): Paint {
  const code = (on: string, off: string) => (text: string) =>
    depth === 0 || text === '' ? text : `\u001b[${on}m${text}\u001b[${off}m`;
  const colour = (base: 38 | 48, rgb: Rgb) =>
    depth === 'true' ? `${base};2;${rgb.map(Math.round).join(';')}` : `${base};5;${cube(rgb)}`;
  return {
    depth,
    columns,
    fits,
    bold: code('1', '22'),
    dim: code('2', '22'),
    tone: (tone, text) => code(`1;${TONE[tone]}`, '22;39')(text),
    ground: (rgb, text) => code(`${colour(48, rgb)};${colour(38, inkOn(rgb))}`, '49;39')(text),
    fore: (rgb, text) => code(colour(38, rgb), '39')(text),
  };
}

/** The nearest of the 6×6×6 cube of 256-colour terminals. */
function cube(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => Math.max(0, Math.round((part - 55) / 40))) as unknown as Rgb;
  return 16 + 36 * Math.min(5, r) + 6 * Math.min(5, g) + Math.min(5, b);
}

function inkOn([r, g, b]: Rgb): Rgb {
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? [20, 20, 20] : [238, 238, 238];
}
