/** Runs curl, which agents call from shells. Proxy and trust come from the environment or from extra arguments. */
import { runProcess } from "../processes.ts";
import { clientEnvironment } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";
import type { HttpAsk, HttpReport } from "./http-report.ts";

const reportMark = "\n--clrk-report--\n";

/** One request, with more of curl's own arguments. */
export interface CurlClientOptions extends HttpAsk {
  readonly arguments?: readonly string[];
}

/** What curl tells of a response beyond the common report. */
export interface CurlReport extends HttpReport {
  /** Status of the proxy's answer to CONNECT; 0 when there was none */
  readonly connectStatus: number;
}

/** Runs one request. A transfer that fails has curl's exit status as `status` and its sentence as message. */
export async function runCurlClient(
  options: CurlClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<CurlReport>> {
  const outcome = await runProcess(
    {
      command: "curl",
      arguments: curlArguments(options),
      environment: clientEnvironment(run),
      input: options.body ?? "",
    },
    run.deadlineMs ?? 20_000,
  );
  const at = outcome.stderr.lastIndexOf(reportMark);
  if (outcome.timedOut || at < 0) {
    throw new Error(`Cannot read report of "curl": ${outcome.stderr.trim()}`);
  }
  if (outcome.exitCode !== 0) {
    const message = outcome.stderr.replace(/\n--clrk-report--\n[\s\S]*?\n--end--\n/, "\n").trim();
    const status = outcome.exitCode ?? -1;
    return { kind: "failed", error: { name: "CurlError", message, status, causes: [] } };
  }
  const report = outcome.stderr.slice(at + reportMark.length).split("\n--end--")[0] ?? "";
  return { kind: "answered", value: parseReport(report, outcome.stdout) };
}

function curlArguments(options: CurlClientOptions): string[] {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => [
    "--header",
    `${name}: ${value}`,
  ]);
  const body = options.body === undefined ? [] : ["--data-binary", "@-"];
  return [
    "--disable", // no ~/.curlrc
    "--silent",
    "--show-error",
    "--request",
    options.method ?? (options.body === undefined ? "GET" : "POST"),
    ...headers,
    ...body,
    "--write-out",
    `%{stderr}${reportMark}{"transfer":%{json},"headers":%{header_json}}\n--end--\n`,
    ...(options.arguments ?? []),
    options.url,
  ];
}

function parseReport(report: string, text: string): CurlReport {
  // Written by curl from the format above.
  const parsed = JSON.parse(report) as {
    transfer: { response_code: number; http_version: string; http_connect: number };
    headers: Record<string, string[]>;
  };
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(parsed.headers)) headers[name] = values.join(", ");
  return {
    status: parsed.transfer.response_code,
    headers,
    text,
    httpVersion: parsed.transfer.http_version,
    connectStatus: parsed.transfer.http_connect,
  };
}
