/** The real control process with its API server, for tests: on a loopback port, with a home of its own. */
import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubeAnswer } from "./kubekit.ts";
import type { RunningProcess, TestScope } from "./processes.ts";
import { startProcess, temporaryDirectory } from "./processes.ts";

const program = join(import.meta.dirname, "../../control/main.ts");
const startDeadlineMs = 20_000;

/** How one is started. */
export interface ControlProcessOptions {
  /** `CLRK_HOME`, which may be that of a process before; a new one when absent */
  readonly home?: string;
  /** Of its command line */
  readonly arguments?: readonly string[];
}

/** A running control process. */
export interface ControlProcess {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  readonly home: string;
  /** Path of the admin's kubeconfig */
  readonly kubeconfig: string;
  /** Socket that gateways follow */
  readonly feed: string;
  /** The process itself; killing it is a test's right */
  readonly child: RunningProcess;
  /** Sends one request as the admin; a body is sent as JSON unless `type` says otherwise. */
  request(
    method: string,
    path: string,
    content?: { readonly body: unknown; readonly type?: string },
  ): Promise<KubeAnswer>;
  /** What it logged so far */
  logs(): string;
}

/** Starts one and resolves when it listens; it ends with the test. */
export async function startControlProcess(
  scope: TestScope,
  options: ControlProcessOptions = {},
): Promise<ControlProcess> {
  const home = options.home ?? join(temporaryDirectory(scope), "clrk");
  const child = startProcess(scope, {
    command: process.execPath,
    arguments: ["--disable-warning=ExperimentalWarning", program, ...(options.arguments ?? [])],
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      CLRK_HOME: home,
      ...(process.env["NODE_COMPILE_CACHE"] !== undefined && {
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      }),
    },
  });
  await child.waitUntilReady(() => child.stdout.includes("\n"), {
    deadlineMs: startDeadlineMs,
    what: "a control process that listens",
  });
  const told = JSON.parse(child.stdout.split("\n", 1)[0] ?? "");
  if (told.kind !== "listening") {
    throw new Error(`Cannot start the control process: ${JSON.stringify(told)}`);
  }
  const { url, kubeconfig, feed } = told;
  const request = openClient(scope, { url, kubeconfig });
  return { url, home, kubeconfig, feed, child, request, logs: () => child.stderr };
}

function openClient(
  scope: TestScope,
  { url, kubeconfig }: Pick<ControlProcess, "url" | "kubeconfig">,
): ControlProcess["request"] {
  const config = parse(readFileSync(kubeconfig, "utf8"));
  const authority: string = config.clusters[0].cluster["certificate-authority-data"];
  const agent = new Agent({ ca: Buffer.from(authority, "base64"), keepAlive: true });
  scope.teardown(() => agent.destroy());
  const authorization = `Bearer ${config.users[0].user.token}`;
  return (method, path, content) =>
    new Promise((resolve, reject) => {
      const type = content?.type ?? "application/json";
      const headers = { authorization, ...(content && { "content-type": type }) };
      const outgoing = httpsRequest(new URL(path, url), { method, headers, agent }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => {
          const isJson = answer.headers["content-type"]?.startsWith("application/json") === true;
          resolve({ status: answer.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
        });
        answer.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(content === undefined ? undefined : JSON.stringify(content.body));
    });
}
