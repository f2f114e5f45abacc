/**
 * Those who follow an agent's records while everything behind them is killed: the command line in a pipe, and a client
 * that knows no more of the read API than its documentation says.
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { parse } from "yaml";
import { RecordTally, recordNumbersIn } from "./record-tally.ts";

/** Whom to follow, and where. */
export interface FollowTarget {
  /** `CLRK_HOME` */
  readonly home: string;
  readonly kubeconfig: string;
  /** Name of an agent of `clrk run` */
  readonly agent: string;
  /** Records that will be written, numbered from 0 */
  readonly records: number;
}

/** Somebody who follows. */
export interface RecordFollower {
  /** For people */
  readonly name: string;
  readonly tally: RecordTally;
  /** Connections that it lost, or left, and went on from */
  readonly resumes: number;
  /** Why it gave up; undefined while it follows */
  readonly failure: string | undefined;
  /** Ends it. Idempotent */
  close(): Promise<void>;
}

const program = join(import.meta.dirname, "../../control/cli/main.ts");
const stopMs = 5_000;

/** `clrk` in a pipe: `traces -f --raw`, or `logs -f -o json`. */
export function followByCommand(
  { home, agent, records }: FollowTarget,
  signal: "traces" | "logs",
): RecordFollower {
  const words = [signal, `process/${agent}`, "-f", "--limit", "1", "-o", "json"];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", program, ...words],
    {
      env: { PATH: process.env["PATH"] ?? "", HOME: home, CLRK_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const tally = new RecordTally(records);
  let [resumes, failure]: [number, string | undefined] = [0, undefined];
  let said = "";
  createInterface({ input: child.stdout }).on("line", (line) => tally.add(recordNumbersIn(line)));
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.startsWith("Connected again")) resumes++;
    said = line;
  });
  const ended = once(child, "close").then(([code]) => {
    failure ??= `it ended with exit code ${code}: ${said}`;
  });
  return {
    name: `clrk ${signal} -f`,
    tally,
    get resumes() {
      return resumes;
    },
    get failure() {
      return failure;
    },
    async close() {
      failure ??= "it was ended";
      child.kill("SIGINT");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

const retryMs = 100;

/** By HTTPS; it also leaves after some lines by itself, as often as `random` says, and comes back. */
export function followByApi(
  { kubeconfig, agent, records }: FollowTarget,
  random: () => number,
): RecordFollower {
  const tally = new RecordTally(records);
  const closing = new AbortController();
  let [resumes, failure]: [number, string | undefined] = [0, undefined];
  let position = "";
  const takeLines = async (answer: IncomingMessage) => {
    let left = 20 + Math.floor(random() * 400);
    for await (const line of createInterface({ input: answer })) {
      // Half a line of a connection that was cut has no end.
      if (!line.endsWith("}")) return;
      const found = /^\{"position":"(\d+)"/.exec(line)?.[1];
      if (found === undefined) throw new Error(`Cannot read position of "${line.slice(0, 80)}"`);
      tally.add(recordNumbersIn(line));
      position = found;
      if (--left === 0) return;
    }
  };
  const run = async () => {
    while (!closing.signal.aborted) {
      const path = `/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/processes/${agent}/traces?follow=true${position && `&after=${position}`}`;
      const answer = await ask(kubeconfig, path, closing.signal).catch(() => undefined);
      // Away, or on its way back.
      const isRefused = answer !== undefined && ![200, 429, 503].includes(answer.statusCode ?? 0);
      if (isRefused) throw new Error(`It was answered with ${answer.statusCode}`);
      // A stream that breaks is gone on from as one that ends.
      if (answer?.statusCode === 200) await takeLines(answer).catch(rethrowOurs);
      answer?.destroy();
      resumes++;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  };
  const ended = run().catch((error: unknown) => {
    failure ??= String(error);
  });
  return {
    name: "a client of the read API",
    tally,
    get resumes() {
      return resumes;
    },
    get failure() {
      return failure;
    },
    async close() {
      closing.abort();
      await ended;
    },
  };
}

/** What the connection throws is no news. */
function rethrowOurs(error: unknown): void {
  if (!(error instanceof Error && "code" in error)) throw error;
}

/** One request with the kubeconfig as it is now; the answer is not read. Rejects when nobody answers. */
export async function ask(
  kubeconfig: string,
  path: string,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8"));
  const authority: string = clusters[0].cluster["certificate-authority-data"];
  const agent = new Agent({ ca: Buffer.from(authority, "base64") });
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  const call = request(new URL(path, clusters[0].cluster.server), {
    ...{ headers, agent },
    ...(signal !== undefined && { signal }),
  });
  call.end();
  const [answer] = await once(call, "response");
  return answer;
}
