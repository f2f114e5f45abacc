/** `clrk dev wait-ready`: for scripts that start `clrk dev` beside themselves. */
import { setTimeout as wait } from "node:timers/promises";
import { readDuration } from "../../../crds/duration.ts";
import type { CliContext, Interruption } from "../cli-context.ts";
import { CliError, EXIT_CODE, SIGNAL_EXIT_CODE } from "../cli-error.ts";
import { findDevComponents } from "../dev-components.ts";
import type { DevComponent } from "../dev-components.ts";
import { shorten } from "../log-line.ts";
import { readOption } from "../telemetry/read-option.ts";

/** Options as the user gave them. */
export interface DevWaitReadyFlags {
  readonly timeout?: string;
}

/** As timeout(1) has it. */
const timedOut = 124;

const interrupted = { ...SIGNAL_EXIT_CODE, "output-closed": EXIT_CODE.failed } as const;

/** Time between two looks: a start takes a second or two. */
const lookMs = 200;

/**
 * Resolves when everything that carries requests is ready, and prints `clrk dev is ready`; tells on standard error what it
 * waits for. Throws a `CliError` with what is missing, exit code 124, when that takes longer than `--timeout`.
 */
export async function devWaitReady(this: CliContext, flags: DevWaitReadyFlags): Promise<void> {
  const timeoutMs = readOption("--timeout", flags.timeout ?? "2m", parseTimeout);
  const { stdout, stderr } = this.process;
  const controller = new AbortController();
  const { signal } = controller;
  let reason: Interruption | undefined;
  const release = this.onInterrupt((why) => {
    reason ??= why;
    controller.abort();
  });
  const deadlineMs = performance.now() + timeoutMs;
  const told = new Set<string>();
  try {
    for (;;) {
      const components = await findDevComponents(this);
      const pending = components.filter(isPending);
      for (const line of [...components.filter(isThere).map(readyLine), ...pending.map(waitLine)]) {
        if (!told.has(line)) stderr.write(`${line}\n`);
        told.add(line);
      }
      if (pending.length === 0) {
        stdout.write("clrk dev is ready\n");
        return;
      }
      if (reason !== undefined) {
        this.process.exitCode = interrupted[reason];
        return;
      }
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw notReady(pending, timeoutMs);
      await wait(Math.min(lookMs, leftMs), undefined, { signal }).catch(() => {}); // interrupted
    }
  } finally {
    release();
  }
}

/** Requests pass without the store: one that cannot work, such as where its package is not installed, is not waited for. */
function isPending({ name, state, ready }: DevComponent): boolean {
  return !ready && (name !== "store" || state === "starting" || state === "missing");
}

function isThere(component: DevComponent): boolean {
  return component.ready && component.state !== "off";
}

function readyLine({ name }: DevComponent): string {
  return `✔ ${name}`;
}

function waitLine({ name, problem, state }: DevComponent): string {
  return shorten(`… ${name}: ${problem ?? state}`);
}

function notReady(pending: readonly DevComponent[], timeoutMs: number): CliError {
  const lines = pending.map(({ name, problem, state }) => shorten(`${name}: ${problem ?? state}`));
  return new CliError(
    [
      `Not ready within ${timeoutMs / 1_000} s, wanted:`,
      ...lines.map((line) => `  ${line}`),
      "See what is said: clrk dev logs; what is wrong with this machine: clrk doctor",
    ].join("\n"),
    { exitCode: timedOut },
  );
}

function parseTimeout(text: string): number {
  const found = readDuration(text);
  if (found.kind === "valid" && found.value > 0) return found.value;
  throw new RangeError('Wanted a time such as "30s" or "2m"');
}
