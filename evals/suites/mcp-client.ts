/**
 * A client program that drives a run over MCP: the SDK's stock client, and decisions from a recorded list, one after another as the
 * server says that it is its turn. It knows the server by its tools alone, and imports nothing of the product that decides or runs.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { JsonObject } from '../../src/contract/index.ts';

/** How a server is reached: started by us, or where it listens. */
export type Where =
  | { readonly command: string; readonly args: readonly string[]; readonly env?: Record<string, string> }
  | { readonly url: string; readonly token: string };

export interface Said {
  readonly text: string;
  readonly error: boolean;
  readonly state: string;
  readonly run: string | null;
  readonly structured: JsonObject | undefined;
  readonly png: Buffer | undefined;
}

export interface Decision {
  readonly tool: string;
  readonly input: JsonObject;
}

interface Told {
  /** Called with each call and what was answered. */
  readonly onCall?: (name: string, input: JsonObject, said: Said) => void;
  readonly onProgress?: (message: string) => void;
}

export class McpAgent {
  readonly client: Client;
  readonly #told: Told;
  /** Of a server that we started: its process. */
  pid: number | null = null;

  private constructor(told: Told, era: 'auto' | 'legacy') {
    this.#told = told;
    this.client = new Client({ name: 'decision-list', version: '1' }, { versionNegotiation: { mode: era } });
  }

  /** @param era auto: the newest protocol that both know; legacy: the one of 2025, as most clients still speak */
  static async connect(where: Where, told: Told = {}, era: 'auto' | 'legacy' = 'auto'): Promise<McpAgent> {
    const agent = new McpAgent(told, era);
    if ('url' in where) {
      const requestInit = { headers: { Authorization: `Bearer ${where.token}` } };
      await agent.client.connect(new StreamableHTTPClientTransport(new URL(where.url), { requestInit }));
    } else {
      const { command, args, env } = where;
      const inherited = Object.entries(process.env).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      const all = { ...Object.fromEntries(inherited), ...env };
      const transport = new StdioClientTransport({ command, args: [...args], env: all, stderr: 'inherit' });
      await agent.client.connect(transport);
      agent.pid = transport.pid;
    }
    return agent;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  async call(name: string, input: JsonObject = {}, signal?: AbortSignal): Promise<Said> {
    const onprogress = ({ message }: { message?: string }): void => this.#told.onProgress?.(message ?? '');
    const result = await this.client.callTool(
      { name, arguments: input },
      { onprogress, ...(signal ? { signal } : {}) },
    );
    const standing = (result._meta?.['recircuit/standing'] ?? {}) as { state?: string; run?: string | null };
    const text = result.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const image = result.content.find((block) => block.type === 'image');
    const said: Said = {
      text,
      error: result.isError === true,
      state: standing.state ?? '',
      run: standing.run ?? null,
      structured: result.structuredContent as JsonObject | undefined,
      png: image && Buffer.from(image.data, 'base64'),
    };
    this.#told.onCall?.(name, input, said);
    return said;
  }

  /** Makes a call, and polls until nothing is under way any more. */
  async finished(name: string, input: JsonObject = {}): Promise<Said> {
    let said = await this.call(name, input);
    while (said.state === 'working' || said.state === 'verifying') said = await this.call('observe', { wait_s: 20 });
    return said;
  }

  /** Follows the list from `from` on, and returns what was said after its last call. @throws where a call was not accepted */
  async follow(decisions: readonly Decision[]): Promise<Said | undefined> {
    let said: Said | undefined;
    for (const { tool, input } of decisions) {
      said = await this.finished(tool, input);
      if (said.error) throw new Error(`${tool}: ${said.text}`);
    }
    return said;
  }
}
