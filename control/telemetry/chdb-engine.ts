/**
 * The embedded ClickHouse as sessions of one data directory: one for inserts, some for reads, one that is always free to
 * end what the others do. A session does one thing at a time, so each has a queue.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import { engineConfig, querySettings } from "./engine-config.ts";
import type { EngineBounds } from "./engine-config.ts";
import { EngineError, EngineSession } from "./engine-session.ts";
import type { ChdbSession } from "./engine-session.ts";
import { tryParseInsert } from "./store-request.ts";
import type { StoreRequest } from "./store-request.ts";

/** The package `chdb`, which is optional: what is used of it. */
interface ChdbPackage {
  readonly Session: new (
    path: string,
    options: { readonly connectionArgs: readonly string[] },
  ) => ChdbSession;
}

/** What a statement gave. */
export interface EngineAnswer {
  readonly body: Uint8Array;
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
}

/** Reads at once; more wait. Series, which take long, must leave some to pages and followers: see the read API. */
const readSessions = 6;

/** Statements that wait for a session of their kind; the next is refused with ClickHouse's own code for that. */
const mostWaiting = 128;

/** Settings are set in no time, and one that is ended may look as if it was done. */
const isEndable = "query NOT LIKE 'SET %'";

const tooManyQueries = 202;
const queryCancelled = 394;

/** Sessions of one kind: whichever is free takes what has waited longest. */
interface Lane {
  readonly sessions: readonly EngineSession[];
  readonly free: EngineSession[];
  readonly waiting: ((session: EngineSession) => void)[];
  readonly running: Set<Promise<unknown>>;
}

/**
 * What was ended while a statement ran. The engine may give an empty answer for a statement that is ended in its first
 * moment, as if nothing had been found: whatever ran meanwhile has no answer that can be trusted.
 */
class Endings {
  #running = 0;
  #done = 0;

  /** Ending begins; call what is given back when it is over. */
  begin(): () => void {
    this.#running++;
    return () => {
      this.#running--;
      this.#done++;
    };
  }

  /** Gives what throws an EngineError where something was ended since. */
  watch(): () => void {
    const before = this.#running > 0 ? -1 : this.#done;
    return () => {
      if (this.#running === 0 && this.#done === before) return;
      throw new EngineError(queryCancelled, "Query was cancelled");
    };
  }
}

/** The engine of one data directory; `open()` once, `close()` before the process ends. */
export class ChdbEngine {
  readonly #insert: Lane;
  readonly #reads: Lane;
  readonly #control: Lane;
  readonly #ended = { reads: new Endings(), inserts: new Endings() };
  #closing = false;

  private constructor(sessions: readonly EngineSession[]) {
    const [insert, control, ...reads] = sessions;
    if (insert === undefined || control === undefined || reads.length === 0) {
      throw new RangeError("Cannot use an engine of less than three sessions");
    }
    this.#insert = laneOf([insert]);
    this.#control = laneOf([control]);
    this.#reads = laneOf(reads);
  }

  /** Loads the package and opens the directory; throws CLRK_UNSUPPORTED where the package is not there or does not load. */
  static async open(directory: string, bounds: EngineBounds): Promise<ChdbEngine> {
    const { Session } = loadChdb();
    const config = join(directory, "engine.xml");
    writeFileSync(config, engineConfig(bounds), { mode: 0o600 });
    const defaults = querySettings(bounds);
    const sessions: EngineSession[] = [];
    try {
      for (let count = 0; count < readSessions + 2; count++) {
        const connectionArgs = [`--config-file=${config}`];
        const session = new Session(join(directory, "data"), { connectionArgs });
        // What ends the others has the engine's own bounds.
        const isControl = count === 1;
        sessions.push(new EngineSession(session, isControl ? new Map() : defaults));
      }
      for (const session of sessions) await session.prepare();
      return new ChdbEngine(sessions);
    } catch (error) {
      for (const session of sessions) session.close();
      throw error;
    }
  }

  /** Runs a statement; an abort ends it in the engine too. Throws an EngineError. */
  run(request: StoreRequest, signal: AbortSignal): Promise<EngineAnswer> {
    const target = tryParseInsert(request.sql);
    if (target !== undefined) {
      const { settings, data } = request;
      return this.#queue(this.#insert, (session) => {
        const check = this.#ended.inserts.watch();
        return session.with({ settings, parameters: new Map() }, async () => {
          const done = await session.insert({ ...target, values: data });
          check();
          return {
            body: new Uint8Array(),
            readRows: 0,
            readBytes: 0,
            writtenRows: done.rowsWritten,
            writtenBytes: done.bytesWritten,
          };
        });
      });
    }
    return this.#queue(this.#reads, (session) => this.#read(session, request, signal));
  }

  /** Ends every statement that runs, but for inserts unless `inserts` says so. */
  async kill({ inserts }: { readonly inserts: boolean }): Promise<void> {
    const others = inserts ? "1" : "query_kind != 'Insert'";
    const { reads, inserts: writes } = this.#ended;
    const finish = [reads, ...(inserts ? [writes] : [])].map((one) => one.begin());
    try {
      // SYNC waits for the statement, and for ever where it waits for this one.
      await this.#admin(
        `KILL QUERY WHERE ${isEndable} AND query NOT LIKE 'KILL%' AND ${others} ASYNC`,
      );
    } finally {
      for (const end of finish) end();
    }
  }

  /** Gives memory back that the allocator keeps for later. */
  async purge(): Promise<void> {
    await this.#admin("SYSTEM JEMALLOC PURGE");
  }

  /** Ends what runs, waits for it, and closes the sessions. Safe to call again. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.kill({ inserts: true }).catch(() => {
      // the sessions are closed all the same
    });
    const lanes = [this.#insert, this.#reads, this.#control];
    // What waits runs yet, and fails at once where it may not any more.
    while (lanes.some(({ running }) => running.size > 0)) {
      await Promise.allSettled(lanes.flatMap(({ running }) => [...running]));
    }
    for (const session of lanes.flatMap(({ sessions }) => sessions)) session.close();
  }

  #read(
    session: EngineSession,
    { sql, settings, parameters }: StoreRequest,
    signal: AbortSignal,
  ): Promise<EngineAnswer> {
    const mark = randomUUID();
    const marked = new Map(settings).set("log_comment", mark);
    const kill = () => {
      this.#admin(
        `KILL QUERY WHERE ${isEndable} AND Settings['log_comment'] = '${mark}' ASYNC`,
      ).catch(() => {
        // the statement has its own bound of time
      });
    };
    const check = this.#ended.reads.watch();
    return session.with({ settings: marked, parameters }, async () => {
      signal.addEventListener("abort", kill, { once: true });
      try {
        if (signal.aborted)
          throw new EngineError(queryCancelled, "Query was cancelled before it began");
        const answer = await session.query(sql);
        check();
        return {
          body: answer.bytes(),
          readRows: answer.rowsRead,
          readBytes: answer.bytesRead,
          writtenRows: 0,
          writtenBytes: 0,
        };
      } finally {
        signal.removeEventListener("abort", kill);
      }
    });
  }

  #admin(sql: string): Promise<unknown> {
    return this.#queue(this.#control, (session) => session.query(sql), { isOurs: true });
  }

  #queue<T>(
    lane: Lane,
    work: (session: EngineSession) => Promise<T>,
    { isOurs = false }: { readonly isOurs?: boolean } = {},
  ): Promise<T> {
    if (this.#closing && !isOurs) {
      return Promise.reject(new ClrkError("CLRK_CLOSED", "Telemetry store is closing"));
    }
    if (lane.waiting.length >= mostWaiting) {
      const message = `Too many simultaneous queries: ${lane.waiting.length} wait, at most ${mostWaiting} may`;
      return Promise.reject(new EngineError(tooManyQueries, message));
    }
    const done = takeSession(lane).then(async (session) => {
      try {
        return await work(session);
      } finally {
        const next = lane.waiting.shift();
        if (next === undefined) lane.free.push(session);
        else next(session);
      }
    });
    const settled = done
      .catch(() => {
        // whoever asked for it is told
      })
      .finally(() => lane.running.delete(settled));
    lane.running.add(settled);
    return done;
  }
}

function laneOf(sessions: readonly EngineSession[]): Lane {
  return { sessions, free: [...sessions], waiting: [], running: new Set() };
}

function takeSession({ free, waiting }: Lane): Promise<EngineSession> {
  const session = free.shift();
  if (session !== undefined) return Promise.resolve(session);
  return new Promise((resolve) => waiting.push(resolve));
}

function loadChdb(): ChdbPackage {
  try {
    // Optional, 546 MB and only for some platforms: an import would make it a need.
    return createRequire(import.meta.url)("chdb");
  } catch (error) {
    const isAbsent = /Cannot find (?:module|package)/.test(describeError(error));
    const why = isAbsent
      ? 'the package "chdb" is not installed; install it with "npm install chdb", or name a ClickHouse server by URL'
      : `the package "chdb" does not load: ${describeError(error).split("\n")[0]}`;
    throw new ClrkError("CLRK_UNSUPPORTED", `Cannot open the embedded telemetry store: ${why}`, {
      cause: error,
    });
  }
}
