/** The API server of this home at a glance: whether it answers, where its kubeconfig and its store are. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { createApiClient } from "./api-client.ts";
import { ownKubeconfig } from "./api-target.ts";
import type { TargetPlace } from "./api-target.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";
import { shortenPath } from "./problem-line.ts";

/** It answers within a millisecond; one that is busy gets this long. */
const answerMs = 2_000;

/** What is there of it. Paths are absolute. */
export interface ControlStatus {
  /** Whether it answers, as ready */
  readonly answers: boolean;
  /** Its URL; null where there is no kubeconfig */
  readonly server: string | null;
  /** Null where there is none */
  readonly kubeconfig: string | null;
  /** The file with all objects; null where there is none */
  readonly store: { readonly file: string; readonly bytes: number } | null;
  /** Why it does not answer; null when it does, or was never started */
  readonly problem: string | null;
}

/** Looks for it; never throws. */
export async function findControlStatus(place: TargetPlace): Promise<ControlStatus> {
  const file = path.join(place.home.root, "control", "objects.db");
  const size = await stat(file).then(
    ({ size }) => size,
    () => undefined, // never started
  );
  const store = size === undefined ? null : { file, bytes: size };
  const kubeconfig = ownKubeconfig(place);
  try {
    const config = await readKubeconfig([kubeconfig]);
    if (config.files.length === 0) {
      return { answers: false, server: null, kubeconfig: null, store, problem: null };
    }
    const target = { ...(await config.open(config.currentContext)), isOwn: true };
    const problem = await ask(target);
    return { answers: problem === null, server: target.server, kubeconfig, store, problem };
  } catch (error) {
    const problem = error instanceof CliError ? firstLine(error) : "its kubeconfig cannot be read";
    return { answers: false, server: null, kubeconfig, store, problem };
  }
}

async function ask(target: Parameters<typeof createApiClient>[0]): Promise<string | null> {
  const client = createApiClient(target);
  try {
    // With the token, unlike /readyz: a kubeconfig of another server is found out.
    await client.request({ path: "/api", timeoutMs: answerMs });
    return null;
  } catch (error) {
    if (error instanceof CliError) return firstLine(error);
    throw error;
  } finally {
    client.close();
  }
}

function firstLine({ message }: CliError): string {
  return message.split("\n")[0] ?? "";
}

/** The lines for people. */
export function formatControlStatus(status: ControlStatus, workingDirectory: string): string {
  const { answers, server, kubeconfig, store, problem } = status;
  const said = answers ? `${server}` : (problem ?? "not started; clrk dev has one");
  const lines: readonly (readonly [string, string])[] = [
    ["API server", said],
    ...(kubeconfig === null ? [] : [["", shortenPath(kubeconfig, workingDirectory)] as const]),
    ...(store === null ? [] : [["", describeStore(store, workingDirectory)] as const]),
  ];
  return lines.map(([name, value]) => `${name.padEnd(10)} ${escapeControls(value)}\n`).join("");
}

function describeStore(
  { file, bytes }: { readonly file: string; readonly bytes: number },
  workingDirectory: string,
): string {
  return `${shortenPath(file, workingDirectory)}, ${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
