/** The API server of this home at a glance: whether it answers, where its kubeconfig and its store are. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { CONTROL_STATUS_PATH } from "../process-report.ts";
import type { ControlReport } from "../process-report.ts";
import { ageSince, describeAge, describeTimes } from "./age.ts";
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { ownKubeconfig } from "./api-target.ts";
import type { TargetPlace } from "./api-target.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";
import { shortenPath } from "./problem-line.ts";
import { telemetryLines } from "./telemetry-lines.ts";

/** It answers within a millisecond; one that is busy gets this long. */
const answerMs = 2_000;

const noFiles: ControlReport["files"] = { deletedCount: 0, deleted: [] };

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
  /** The process, what it keeps of what happens, and its invocations; null where it does not answer */
  readonly report: ControlReport | null;
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
      const nothing = { server: null, kubeconfig: null, problem: null, report: null };
      return { answers: false, store, ...nothing };
    }
    const target = { ...(await config.open(config.currentContext)), isOwn: true };
    const { problem, report } = await ask(target);
    const { server } = target;
    return { answers: problem === null, server, kubeconfig, store, problem, report };
  } catch (error) {
    const problem = error instanceof CliError ? firstLine(error) : "its kubeconfig cannot be read";
    return { answers: false, server: null, kubeconfig, store, problem, report: null };
  }
}

async function ask(
  target: Parameters<typeof createApiClient>[0],
): Promise<Pick<ControlStatus, "problem" | "report">> {
  const client = createApiClient(target);
  try {
    // With the token, unlike /readyz: a kubeconfig of another server is found out.
    await client.request({ path: "/api", timeoutMs: answerMs });
    return { problem: null, report: await askReport(client) };
  } catch (error) {
    if (error instanceof CliError) return { problem: firstLine(error), report: null };
    throw error;
  } finally {
    client.close();
  }
}

/** Null for a server of another version, which does not say. */
async function askReport(client: ApiClient): Promise<ControlReport | null> {
  try {
    const { body } = await client.request({ path: CONTROL_STATUS_PATH, timeoutMs: answerMs });
    const report: Partial<ControlReport> = Object(body);
    // A process of before says nothing of files.
    const { kind, process, telemetry, invocations, files = noFiles } = report;
    if (kind !== "ControlStatus" || !process || !telemetry || !invocations) return null;
    return { apiVersion: "clrk.apoxy.dev/v1alpha1", kind, process, files, telemetry, invocations };
  } catch (error) {
    if (error instanceof ApiError && error.failure === "not-found") return null;
    throw error;
  }
}

function firstLine({ message }: CliError): string {
  return message.split("\n")[0] ?? "";
}

/** The lines for people. */
export function formatControlStatus(
  status: ControlStatus,
  context: { readonly workingDirectory: string; readonly nowMs: number },
): string {
  const { workingDirectory } = context;
  const { answers, server, kubeconfig, store, problem, report } = status;
  const said = answers ? `${server}` : (problem ?? "not started; clrk dev has one");
  const lines: readonly (readonly [string, string])[] = [
    ["API server", said],
    ...(problem === null
      ? []
      : [["", "clrk dev starts it again; if it does not: clrk dev --replace"] as const]),
    ...(kubeconfig === null ? [] : [["", shortenPath(kubeconfig, workingDirectory)] as const]),
    ...(store === null ? [] : [["", describeStore(store, workingDirectory)] as const]),
    ...(report === null ? [] : reportLines(report, context)),
  ];
  return lines.map(([name, value]) => `${name.padEnd(10)} ${escapeControls(value)}\n`).join("");
}

function reportLines(
  { process, files, telemetry, invocations }: ControlReport,
  context: { readonly workingDirectory: string; readonly nowMs: number },
): (readonly [string, string])[] {
  const { pid, startedAt, restarts } = process;
  const upMs = ageSince(startedAt, context.nowMs);
  const facts = [
    `process ${pid}`,
    ...(upMs === undefined ? [] : [`up ${describeAge(upMs)}`]),
    ...(restarts === 0 ? [] : [`started again ${describeTimes(restarts)}`]),
  ];
  const kept = telemetryLines(telemetry, context);
  return [
    ["", facts.join(", ")],
    ...fileLines(files, context).map((line, at) => [at === 0 ? "Files" : "", line] as const),
    ...kept.map((line, at) => [at === 0 ? "Telemetry" : "", line] as const),
    ...invocationLines(invocations).map(
      (line, at) => [at === 0 ? "Invocations" : "", line] as const,
    ),
  ];
}

function fileLines(
  { deletedCount, deleted }: ControlReport["files"],
  { workingDirectory }: { readonly workingDirectory: string },
): readonly string[] {
  const more = deletedCount - deleted.length;
  return [
    ...deleted.map(({ object, file, line }) => {
      const place = file === null ? "the files" : `${shortenPath(file, workingDirectory)}:${line}`;
      return `${object} of ${place} was deleted by others`;
    }),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(deletedCount > 0
      ? ["in force again when its part of the file changes, or clrk dev starts again"]
      : []),
  ];
}

/** Only what is wrong. */
function invocationLines({ problem, lostEvents }: ControlReport["invocations"]): readonly string[] {
  const events = lostEvents === 1 ? "1 event" : `${lostEvents} events`;
  return [
    ...(problem === null ? [] : [problem]),
    // A process of before does not tell.
    ...(lostEvents > 0
      ? [`${events} of runs went before clrk dev read them, and what they told is not shown`]
      : []),
  ];
}

function describeStore(
  { file, bytes }: { readonly file: string; readonly bytes: number },
  workingDirectory: string,
): string {
  return `${shortenPath(file, workingDirectory)}, ${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
