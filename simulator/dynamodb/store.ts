import type { Server } from "node:http";
import dynalite, { type DynaliteOptions } from "dynalite";
import database, { type Store, type Table } from "dynalite/db/index.js";

export interface EmbeddedStore {
  readonly server: Server;
  /** Rejects when another process has the directory, or the disk is full or broken. */
  open(): Promise<void>;
}

/**
 * dynalite opens its store lazily and keeps it to itself, so that a failure to open would show as
 * a crash in the first request. The store is caught at its creation to be opened in time.
 */
export function createStore(path: string): EmbeddedStore {
  const options: DynaliteOptions = { path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
  const createDatabase = database.create;
  const created: Store[] = [];
  database.create = (given) => {
    const store = createDatabase(given);
    created.push(store);
    return store;
  };
  const server = dynalite(options);
  database.create = createDatabase;
  return {
    server,
    async open() {
      for (const store of created) {
        await store.db.open();
        await finishTables(store);
      }
    },
  };
}

/** A table whose creation was cut off by a kill would stay CREATING, and unusable, for ever. */
async function finishTables({ db }: Store): Promise<void> {
  const unfinished: (readonly [string, Table])[] = [];
  for await (const [key, table] of db.iterator({ gte: "table~", lt: "table~\uffff" })) {
    if (table.TableStatus === "CREATING") unfinished.push([key, table]);
  }
  for (const [key, table] of unfinished) await db.put(key, { ...table, TableStatus: "ACTIVE" });
}
