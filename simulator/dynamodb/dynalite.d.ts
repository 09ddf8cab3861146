/** What we use of dynalite, which comes without types. */
declare module "dynalite" {
  import type { Server } from "node:http";

  export interface DynaliteOptions {
    readonly path: string;
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
  }

  /** Closing the server closes the store after it. */
  export default function dynalite(options: DynaliteOptions): Server;
}

declare module "dynalite/db/index.js" {
  import type { DynaliteOptions } from "dynalite";

  export interface Table {
    TableStatus: string;
  }

  export interface Store {
    readonly db: {
      open(): Promise<void>;
      iterator(range: {
        readonly gte: string;
        readonly lt: string;
      }): AsyncIterable<readonly [string, Table]>;
      put(key: string, value: Table): Promise<void>;
      close(): Promise<void>;
    };
  }

  const database: { create(options: DynaliteOptions): Store };
  export default database;
}
