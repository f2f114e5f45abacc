/** The parent's side of a driver: a client program that stays alive for many jobs, with an environment of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestScope } from "../processes.ts";
import { clientEnvironment } from "./child-client.ts";
import type { SdkJob, SdkReport } from "./sdk-task.ts";

const jobDeadlineMs = 20_000;
const shownCharacters = 1_000;

/** How a driver is started. */
export interface SdkProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Environment beside `PATH` and `HOME`; nothing else is inherited */
  readonly environment: Readonly<Record<string, string>>;
}

/** A running driver. */
export interface SdkDriver {
  /** Does a job; rejects when the program ended or says nothing for 20 s. */
  run(job: SdkJob): Promise<SdkReport>;
  /** Lets the program end. Idempotent. */
  close(): Promise<void>;
}

/** Starts a driver; it ends with the test. */
export function startSdk(scope: TestScope, program: SdkProgram): SdkDriver {
  const child = spawn(program.command, program.arguments, {
    env: clientEnvironment({ environment: program.environment }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const driver = new Driver(child);
  scope.teardown(() => driver.close());
  return driver;
}

/** The program of a driver that is a module for this Node. */
export function nodeProgram(
  module: string,
  environment: Readonly<Record<string, string>>,
  options: object = {},
): SdkProgram {
  const flags = ["--disable-warning=ExperimentalWarning"];
  const args = [...flags, module, JSON.stringify(options)];
  return { command: process.execPath, arguments: args, environment };
}

class Driver implements SdkDriver {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (report: SdkReport | Error) => void>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #stderr = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdin?.on("error", () => {}); // EPIPE: the program is gone, which "close" tells
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-shownCharacters);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    }
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        for (const settle of this.#waiting.values()) {
          settle(new Error(`Cannot run job: the program ended: ${this.#stderr.trim()}`));
        }
        this.#waiting.clear();
        resolve();
      };
      child.once("close", end);
      child.once("error", end);
    });
  }

  run(job: SdkJob): Promise<SdkReport> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`Cannot see report: none after ${jobDeadlineMs} ms: ${this.#stderr}`));
      }, jobDeadlineMs);
      this.#waiting.set(id, (report) => {
        clearTimeout(timer);
        if (report instanceof Error) reject(report);
        else resolve(report);
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, job })}\n`);
    });
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#ended;
    clearTimeout(timer);
  }

  #onLine(line: string): void {
    // Written by `sdk-child.ts` or its like in Python.
    const { id, report } = JSON.parse(line) as { id: number; report: SdkReport };
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(report);
  }
}
