/**
 * One session of the embedded engine. It keeps settings from one statement to the next; so each statement's are put back
 * after it, and where that fails no other statement runs before it was done: none finds the settings of another.
 */
import { describeError } from "../../gateway/errors.ts";
import { resetStatement, setStatement } from "./store-request.ts";
import type { StoreRequest } from "./store-request.ts";

/** Of the package `chdb`: what is used of a session of it. */
export interface ChdbSession {
  queryAsync(sql: string, options: { readonly format: string }): Promise<ChdbAnswer>;
  insert(rows: ChdbRows): Promise<{ readonly rowsWritten: number; readonly bytesWritten: number }>;
  close(): void;
}

/** What a statement of it gives. */
export interface ChdbAnswer {
  readonly rowsRead: number;
  readonly bytesRead: number;
  bytes(): Uint8Array;
}

/** Rows for a table, encoded. */
export interface ChdbRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: string;
  readonly values: Buffer;
}

/** An error that the engine told. */
export class EngineError extends Error {
  static {
    Object.defineProperty(EngineError.prototype, "name", { value: "EngineError" });
  }

  /** ClickHouse's number, such as 241 for its memory limit */
  readonly engineCode: number;

  constructor(engineCode: number, message: string) {
    super(message);
    this.engineCode = engineCode;
  }
}

/** While it is set, nothing else can be. */
const lockingSetting = "readonly";

/** A session; it does one thing at a time, which whoever has it sees to. */
export class EngineSession {
  readonly #session: ChdbSession;
  readonly #defaults: ReadonlyMap<string, string>;
  /** Settings that may not be as they are to be */
  readonly #changed = new Set<string>();

  /** `defaults` are the settings that every statement finds; the engine's own where there are none. */
  constructor(session: ChdbSession, defaults: ReadonlyMap<string, string>) {
    this.#session = session;
    this.#defaults = defaults;
    for (const name of defaults.keys()) this.#changed.add(name);
  }

  /** Gives the session its settings. Throws an EngineError. */
  prepare(): Promise<void> {
    return this.#putBack();
  }

  /** Runs a statement. Throws an EngineError. */
  query(sql: string): Promise<ChdbAnswer> {
    return engineError(this.#session.queryAsync(sql, { format: "TabSeparated" }));
  }

  /** Inserts rows. Throws an EngineError. */
  insert(rows: ChdbRows): ReturnType<ChdbSession["insert"]> {
    return engineError(this.#session.insert(rows));
  }

  /**
   * Does some work with settings and parameters, which are not there afterwards. Throws what the work does, and an
   * EngineError where they are refused, or those before them cannot be put back: then it was not begun.
   */
  async with<Result>(
    { settings, parameters }: Pick<StoreRequest, "settings" | "parameters">,
    work: () => Promise<Result>,
  ): Promise<Result> {
    await this.#putBack();
    for (const name of settings.keys()) this.#changed.add(name);
    try {
      const set = setStatement({ settings, parameters });
      if (set !== "") await this.query(set);
      return await work();
    } finally {
      await this.#putBack().catch(() => {
        // The answer stands; it is tried again before anything else runs here.
      });
    }
  }

  /** Ends it at once. */
  close(): void {
    this.#session.close();
  }

  async #putBack(): Promise<void> {
    if (this.#changed.has(lockingSetting)) {
      await this.query(resetStatement([lockingSetting], this.#defaults));
      this.#changed.delete(lockingSetting);
    }
    if (this.#changed.size === 0) return;
    await this.query(resetStatement(this.#changed, this.#defaults));
    this.#changed.clear();
  }
}

async function engineError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const text = describeError(error);
    throw new EngineError(Number(/Code: (\d+)\./.exec(text)?.[1] ?? 0), text);
  }
}
