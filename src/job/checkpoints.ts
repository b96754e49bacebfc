/** Where the agent's graph saves its walk: an SQLite file of its own, apart from the record. */
import type { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import Database from 'better-sqlite3';

/** Opens the file, made when missing, for as long as `use` takes. */
export async function withCheckpoints<T>(file: string, use: (checkpointer: SqliteSaver) => Promise<T>): Promise<T> {
  // imported here, so that a command's help does not wait for LangGraph
  const { SqliteSaver: Saver } = await import('@langchain/langgraph-checkpoint-sqlite');
  const database = new Database(file);
  try {
    database.pragma('synchronous = FULL');
    return await use(new Saver(database));
  } finally {
    database.close();
  }
}
