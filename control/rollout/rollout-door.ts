/** The Unix socket at which the command line asks for rollouts; only this user can reach it. */
import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { shareParts } from "../../gateway/canary-share.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { createServer } from "../../gateway/node-http.ts";
import { readBody } from "../apiserver/request-body.ts";
import { ChangeRefused } from "./changed-objects.ts";
import type { RolloutKeeper } from "./rollout-keeper.ts";
import type { RolloutRequest, RolloutStep } from "./rollout.ts";
import { maxRolloutBytes, ROLLOUT_PATH } from "./rollout.ts";

const longestName = 256;
const longestForMs = 30 * 86_400_000;
const maxConditions = 20;

/** The listening door; `open()` once, `close()` at the end. */
export class RolloutDoor {
  readonly #socketPath: string;
  readonly #server: Server;
  readonly #keeper: RolloutKeeper;
  readonly #log: Logger;

  constructor(socketPath: string, keeper: RolloutKeeper, log: Logger) {
    this.#socketPath = socketPath;
    this.#keeper = keeper;
    this.#log = log;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Listens; rejects when the path cannot be bound. */
  async open(): Promise<void> {
    // What a killed process left is nobody's: who may use the folder is decided by its lock.
    await rm(this.#socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#socketPath, resolve);
    });
    await chmod(this.#socketPath, 0o600);
  }

  /** Ends all connections and stops listening. Idempotent. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#socketPath, { force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.#carryOut(request);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    } catch (error) {
      const isRefused = error instanceof ChangeRefused;
      const message = describeError(error);
      if (!isRefused) this.#log.warn("Cannot carry out what was asked", { error: message });
      if (response.headersSent) response.destroy();
      else response.writeHead(isRefused ? 409 : 500).end(JSON.stringify({ message }));
    }
  }

  async #carryOut(
    request: IncomingMessage,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const { method, url } = request;
    if (method === "GET" && url === ROLLOUT_PATH.rollouts) {
      return { status: 200, body: { items: this.#keeper.items } };
    }
    if (method !== "POST") return { status: 404, body: { message: "Nothing is here" } };
    const value: unknown = JSON.parse((await readBody(request, maxRolloutBytes)).toString("utf8"));
    switch (url) {
      case ROLLOUT_PATH.rollouts:
        return { status: 201, body: await this.#keeper.begin(readRequest(value)) };
      case ROLLOUT_PATH.promote:
        return { status: 200, body: await this.#keeper.promote(readStep(value)) };
      case ROLLOUT_PATH.abort:
        return { status: 200, body: await this.#keeper.abort(readStep(value)) };
      case ROLLOUT_PATH.undo:
        return { status: 200, body: await this.#keeper.undo(readStep(value)) };
      default:
        return { status: 404, body: { message: "Nothing is here" } };
    }
  }
}

function readStep(value: unknown): RolloutStep {
  const { by, parts } = Object(value);
  if (parts === undefined) return { by: readName(by) };
  return { by: readName(by), parts: readNumber("share", parts, { from: 1, to: shareParts }) };
}

function readRequest(value: unknown): RolloutRequest {
  const { objects, parts, forMs, abortOn, minRequests, by } = Object(value);
  const isTexts =
    Array.isArray(abortOn) &&
    abortOn.length <= maxConditions &&
    abortOn.every((one) => typeof one === "string");
  if (!isTexts) throw new ChangeRefused(`Conditions: wanted at most ${maxConditions} texts`);
  if (!Array.isArray(objects)) throw new ChangeRefused("Objects: wanted a list");
  return {
    by: readName(by),
    objects,
    abortOn,
    parts: readNumber("share", parts, { from: 1, to: shareParts }),
    forMs: readNumber("time", forMs, { from: 1, to: longestForMs }),
    minRequests: readNumber("number of requests", minRequests, { from: 1, to: 1_000_000_000 }),
  };
}

function readName(value: unknown): string {
  if (typeof value === "string" && value.length <= longestName) return value;
  throw new ChangeRefused("Who asks: wanted a name");
}

function readNumber(
  what: string,
  value: unknown,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from && value <= to) {
    return value;
  }
  throw new ChangeRefused(`A ${what} of ${String(value)}: wanted a number from ${from} to ${to}`);
}
