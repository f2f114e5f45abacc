/** Asks the control process of a home for rollouts. Every failure is a `CliError` with a sentence for the user. */
import { userInfo } from "node:os";
import path from "node:path";
import { describeError } from "../../gateway/errors.ts";
import { request } from "../../gateway/node-http.ts";
import type { Rollout, RolloutList, RolloutRequest, RolloutStep } from "../rollout/rollout.ts";
import { ROLLOUT_PATH } from "../rollout/rollout.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";

/** Objects are compiled before a rollout begins. */
const timeoutMs = 30_000;

/** Manifests of all rollouts that are remembered. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Rollouts of one home; nothing is held open between requests. */
export interface RolloutClient {
  /** All that are remembered, newest first */
  list(): Promise<readonly Rollout[]>;
  begin(rollout: Omit<RolloutRequest, "by">): Promise<Rollout>;
  /** To a larger share, or for good */
  promote(parts?: number): Promise<Rollout>;
  abort(): Promise<Rollout>;
  undo(): Promise<Rollout>;
}

/** A client of the control process of this home. */
export function createRolloutClient({ home }: CliContext): RolloutClient {
  const socketPath = path.join(home.root, "control", "rollout.sock");
  const by = userName();
  const step = async (where: string, body: RolloutStep): Promise<Rollout> =>
    ask<Rollout>(socketPath, { method: "POST", path: where, body });
  return {
    list: async () => {
      const list = await ask<RolloutList>(socketPath, {
        method: "GET",
        path: ROLLOUT_PATH.rollouts,
      });
      return list.items;
    },
    begin: (rollout) =>
      ask<Rollout>(socketPath, {
        ...{ method: "POST", path: ROLLOUT_PATH.rollouts },
        body: { ...rollout, by },
      }),
    promote: (parts) => step(ROLLOUT_PATH.promote, { by, ...(parts !== undefined && { parts }) }),
    abort: () => step(ROLLOUT_PATH.abort, { by }),
    undo: () => step(ROLLOUT_PATH.undo, { by }),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`; // it has no entry in the machine's list
  }
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** Its outline is taken as it is: the process is ours and of this user. */
function ask<Answer>(socketPath: string, { body, ...question }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown) =>
      reject(new CliError(message, cause === undefined ? {} : { cause }));
    const sent = request({ socketPath, ...question, agent: false });
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error("No answer came in time")));
    sent.on("error", (error) =>
      fail(
        `Cannot reach the control process: ${escapeControls(describeError(error))}\nStart it: clrk dev -f DIR`,
        error,
      ),
    );
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("error", (error) => fail(`The control process went away: ${error.message}`));
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) sent.destroy(new Error("The answer is too long"));
        else chunks.push(chunk);
      });
      response.on("end", () => {
        const answer = tryParse(Buffer.concat(chunks).toString("utf8"));
        const { message } = Object(answer);
        const isDone = response.statusCode === 200 || response.statusCode === 201;
        if (isDone && answer !== undefined) resolve(answer as Answer);
        else fail(escapeControls(String(message ?? `It answered ${response.statusCode}`)));
      });
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut off
  }
}
