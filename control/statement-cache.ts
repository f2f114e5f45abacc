/** Statements of one database, compiled once each: to compile one costs more than to run it. */

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Keeps statements by their text. Texts must be fixed ones, of which there are few. */
export class StatementCache {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** The statement of that text; throws where the text is none. */
  prepare(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}
