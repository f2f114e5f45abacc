/** The API server of this home at a glance: whether it answers, where its kubeconfig and its store are. */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { TelemetryFigures } from "../telemetry/telemetry-figures.ts";
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { ownKubeconfig } from "./api-target.ts";
import type { TargetPlace } from "./api-target.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";
import { shortenPath } from "./problem-line.ts";

/** It answers within a millisecond; one that is busy gets this long. */
const answerMs = 2_000;

const telemetryPath = "/apis/metrics.clrk.apoxy.dev/v1alpha1/telemetry";

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
  /** Its store of logs and traces; null where it does not tell */
  readonly telemetry: TelemetryFigures | null;
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
      return { ...nothing, kubeconfig: null, store, problem: null };
    }
    const target = { ...(await config.open(config.currentContext)), isOwn: true };
    const { problem, telemetry } = await ask(target);
    const answers = problem === null;
    return { answers, server: target.server, kubeconfig, store, telemetry, problem };
  } catch (error) {
    const problem = error instanceof CliError ? firstLine(error) : "its kubeconfig cannot be read";
    return { ...nothing, kubeconfig, store, problem };
  }
}

const nothing = { answers: false, server: null, telemetry: null } as const;

async function ask(
  target: Parameters<typeof createApiClient>[0],
): Promise<Pick<ControlStatus, "problem" | "telemetry">> {
  const client = createApiClient(target);
  try {
    // With the token, unlike /readyz: a kubeconfig of another server is found out.
    await client.request({ path: "/api", timeoutMs: answerMs });
    return { problem: null, telemetry: await askTelemetry(client) };
  } catch (error) {
    if (error instanceof CliError) return { problem: firstLine(error), telemetry: null };
    throw error;
  } finally {
    client.close();
  }
}

/** Null where the server is of another version, or refuses. */
async function askTelemetry(client: ApiClient): Promise<TelemetryFigures | null> {
  try {
    const { body } = await client.request({ path: telemetryPath, timeoutMs: answerMs });
    // Its own type for this path; what is looked at is checked.
    const figures = body as TelemetryFigures;
    const numbers = [figures.storedRows, figures.waitingBytes, figures.lostBytes];
    return numbers.every((one) => typeof one === "number") ? figures : null;
  } catch (error) {
    if (error instanceof CliError) return null;
    throw error;
  }
}

function firstLine({ message }: CliError): string {
  return message.split("\n")[0] ?? "";
}

/** The lines for people. */
export function formatControlStatus(status: ControlStatus, workingDirectory: string): string {
  const { answers, server, kubeconfig, store, telemetry, problem } = status;
  const said = answers ? `${server}` : (problem ?? "not started; clrk dev has one");
  const lines: readonly (readonly [string, string])[] = [
    ["API server", said],
    ...(kubeconfig === null ? [] : [["", shortenPath(kubeconfig, workingDirectory)] as const]),
    ...(store === null ? [] : [["", describeStore(store, workingDirectory)] as const]),
    ...(telemetry === null ? [] : [["Telemetry", describeTelemetry(telemetry)] as const]),
  ];
  return lines.map(([name, value]) => `${name.padEnd(10)} ${escapeControls(value)}\n`).join("");
}

function describeTelemetry(telemetry: TelemetryFigures): string {
  const { state, reason, storedRows, waitingBytes, lostBytes } = telemetry;
  const { quarantinedRows, evictedRows, restarts } = telemetry;
  return [
    state === "ready" ? "ready" : reason,
    `${storedRows.toLocaleString("en-US")} rows stored`,
    ...(waitingBytes > 0 ? [`${mebibytes(waitingBytes)} wait`] : []),
    ...(lostBytes > 0 ? [`${mebibytes(lostBytes)} LOST before they were stored`] : []),
    ...(quarantinedRows > 0 ? [`${quarantinedRows} set aside`] : []),
    ...(evictedRows > 0 ? [`${evictedRows} dropped for room`] : []),
    ...(restarts > 0 ? [`started again ${restarts} times`] : []),
  ].join(", ");
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function describeStore(
  { file, bytes }: { readonly file: string; readonly bytes: number },
  workingDirectory: string,
): string {
  return `${shortenPath(file, workingDirectory)}, ${mebibytes(bytes)}`;
}
