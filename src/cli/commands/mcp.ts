/** `recircuit mcp`: lets an agent outside, such as a coding agent, drive runs; over stdio, or over HTTP on this machine. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../contract/index.ts';
import type { Session } from '../../mcp/index.ts';
import { root } from '../../root.ts';
import { openRecord } from '../../store/index.ts';
import { workerPython } from '../../worker/python.ts';
import type { Cli, Home } from '../cli.ts';
import { logIn } from '../log.ts';
import { version } from '../version.ts';

interface Options {
  readonly http?: number | true;
  readonly device?: string;
  readonly config?: boolean;
}

/** A run whose agent says nothing for so long is left. */
const IDLE_MS = 30 * 60_000;

export function registerMcp(program: Command, cli: Cli): void {
  program
    .command('mcp')
    .description('Let a coding agent drive runs, over the Model Context Protocol on stdin and stdout.')
    .option('--http [port]', 'over HTTP on 127.0.0.1 instead, with a token (default port: a free one)', portOf)
    .option('--device <device>', 'where models are loaded, as in `recircuit run`')
    .option('--config', 'print what to write into a coding agent’s configuration, and end')
    .action((options: Options) => mcp(cli, options));
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a whole number from 0 to 65535');
}

async function mcp(cli: Cli, { http, device, config }: Options): Promise<void> {
  const home = cli.home();
  if (config) {
    cli.json(configuration(home));
    return;
  }
  mkdirSync(home.folder, { recursive: true });
  const { makeServer, Session, serveHttp, serveStdio } = await import('../../mcp/index.ts');
  const record = openRecord(home.runs);
  const log = logIn(home);
  const { artifacts, checkpoints } = home;
  const session = new Session({ record, artifacts, checkpoints, python: workerPython(), device, log, idleMs: IDLE_MS });
  const defect = (error: unknown): void => log.error({ src: 'mcp', err: error }, 'a defect');
  const make = () => makeServer(session, version(), defect);
  try {
    await untilStopped(cli, session, async (signal) => {
      if (http === undefined) return serveStdio(make, signal);
      const token = new Token(home);
      const serving = await serveHttp(make, token.value, http === true ? 0 : http);
      cli.say(`recircuit: serving MCP at ${serving.url}; the bearer token is in ${token.file}`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      token.forget();
      await serving.close();
    });
  } finally {
    record.close();
  }
}

/** Serves until it ends by itself or a signal comes; then the run that is open, if one is, is left in order. */
async function untilStopped(cli: Cli, session: Session, serve: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    cli.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await serve(controller.signal);
  } finally {
    await session.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** Made anew at each start, and readable by this user alone. */
class Token {
  readonly value = randomBytes(32).toString('base64url');
  readonly file: string;

  constructor({ folder }: Home) {
    this.file = join(folder, 'mcp-token');
    this.forget(); // a file that is there already would keep its own permissions
    writeFileSync(this.file, `${this.value}\n`, { mode: 0o600, flag: 'wx' });
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }
}

/** The form that most coding agents read: a command that they start, with absolute paths since they start it anywhere. */
function configuration({ folder }: Home): unknown {
  const args = [join(root, 'src/cli/recircuit.mjs'), '--home', folder, 'mcp'];
  return { mcpServers: { recircuit: { command: process.execPath, args } } };
}
