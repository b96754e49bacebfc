/** The session over stdio, for a client that started this process. Nothing but the protocol goes to stdout. */
import { Writable } from 'node:stream';
import type { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio as serve } from '@modelcontextprotocol/server/stdio';

export type MakeServer = () => Server;

const MOST_BYTES = 1_000_000;

/** Resolves when the client is gone or the signal says so. */
export async function serveStdio(make: MakeServer, signal: AbortSignal): Promise<void> {
  const { stdin, stdout } = process;
  const output = protocolOnly(stdout);
  const transport = new StdioServerTransport(stdin, output, { maxBufferSize: MOST_BYTES });
  const gone = new Promise<void>((resolve) => {
    stdin
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    // The usual answer to a reader that has left is to exit at once; here a run is to be left in order.
    stdout.removeAllListeners('error').on('error', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const handle = serve(make, { transport });
  await gone;
  await handle.close().catch(() => undefined);
  stdin.destroy();
}

/** Returns the only way to stdout. What anything else prints there, in spite of the rules, goes to stderr. */
function protocolOnly(stdout: NodeJS.WriteStream): Writable {
  const write = stdout.write.bind(stdout);
  stdout.write = process.stderr.write.bind(process.stderr) as typeof stdout.write;
  return new Writable({
    decodeStrings: false,
    write: (chunk: string, encoding, done) => void write(chunk, encoding, (error) => done(error ?? null)),
  });
}
