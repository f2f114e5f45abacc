/** The help texts that are kept as golden files, and how each is printed. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommandLine } from "../application.ts";
import { createCliContext } from "../cli-context.ts";
import type { CliContext } from "../cli-context.ts";

/** Words before `--help` by the name of the case. */
export const helpCases: ReadonlyMap<string, readonly string[]> = new Map([
  ["clrk", []],
  ["dev", ["dev"]],
  ["dev-status", ["dev", "status"]],
  ["dev-wait-ready", ["dev", "wait-ready"]],
  ["dev-logs", ["dev", "logs"]],
  ["run", ["run"]],
  ["get", ["get"]],
  ["describe", ["describe"]],
  ["apply", ["apply"]],
  ["delete", ["delete"]],
  ["agents", ["agents"]],
  ["pools", ["pools"]],
  ["invocations", ["invocations"]],
  ["secret", ["secret"]],
  ["secret-set", ["secret", "set"]],
  ["secret-list", ["secret", "list"]],
  ["secret-delete", ["secret", "delete"]],
  ["context", ["context"]],
  ["context-list", ["context", "list"]],
  ["context-use", ["context", "use"]],
  ["context-current", ["context", "current"]],
  ["logs", ["logs"]],
  ["traces", ["traces"]],
  ["run-task", ["run-task"]],
  ["status", ["status"]],
  ["doctor", ["doctor"]],
  ["approvals", ["approvals"]],
  ["approve", ["approve"]],
  ["deny", ["deny"]],
  ["stop", ["stop"]],
  ["policy", ["policy"]],
  ["policy-plan", ["policy", "plan"]],
  ["policy-rollout", ["policy", "rollout"]],
  ["policy-status", ["policy", "status"]],
  ["policy-history", ["policy", "history"]],
  ["policy-promote", ["policy", "promote"]],
  ["policy-abort", ["policy", "abort"]],
  ["policy-undo", ["policy", "undo"]],
  ["provider", ["provider"]],
  ["provider-list", ["provider", "list"]],
  ["provider-new", ["provider", "new"]],
  ["provider-test", ["provider", "test"]],
  ["completion", ["completion"]],
  ["completion-install", ["completion", "install"]],
  ["completion-uninstall", ["completion", "uninstall"]],
  ["version", ["version"]],
  ["install", ["install"]],
  ["upgrade", ["upgrade"]],
]);

// One for all cases: each makes listeners on the process's outputs.
let context: CliContext | undefined;

export async function printHelp(words: readonly string[]): Promise<string> {
  let text = "";
  context ??= createCliContext(process);
  const stdout = { ...context.process.stdout, write: (part: string) => void (text += part) };
  const code = await runCommandLine([...words, "--help"], {
    ...context,
    process: { ...context.process, stdout },
  });
  if (code !== 0) throw new Error(`Cannot print help of "${words.join(" ")}": exit code ${code}`);
  return text;
}

function helpPath(name: string): string {
  return join(import.meta.dirname, "help", `${name}.txt`);
}

export function readHelp(name: string): Promise<string> {
  return readFile(helpPath(name), "utf8");
}

export function writeHelp(name: string, text: string): Promise<void> {
  return writeFile(helpPath(name), text);
}
