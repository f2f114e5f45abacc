/** The demo itself: provider, gateway, agent, records, and the end of all of them whatever happens. */

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { agentEnvironment, defaultNoProxy } from "../../control/cli/agent-environment.ts";
import type { GatewayClient } from "../../control/cli/gateway-client.ts";
import { createGatewayClient } from "../../control/cli/gateway-client.ts";
import { startGateway } from "../../control/cli/process-start.ts";
import { userEnvironment } from "../../control/cli/user-environment.ts";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import { waitUntil } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";
import type { DemoOutcome } from "./demo-outcome.ts";
import { quickstartDirectory, writeDemoPolicy } from "./demo-policy.ts";
import type { DemoReport } from "./demo-report.ts";

const gatewayMain = fileURLToPath(new URL("../../gateway/main.ts", import.meta.url));

/** The key that the fake provider wants. The gateway has it from its environment, the agent never sees it. */
const demoKey = "sk-demo-held-by-the-gateway-only";

/** Hosts of the two calls of examples/quickstart/agent.ts. */
const modelHost = "api.openai.com";
const refusedHost = "paste.example";

const startDeadlineMs = 20_000;
const agentDeadlineMs = 30_000;
const recordDeadlineMs = 5_000;

/** What the demo needs. */
export interface DemoOptions {
  /** Empty folder for manifests, removed by the caller */
  readonly directory: string;
  readonly report: DemoReport;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the demo; throws with a sentence for the user when a part cannot be started. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  const { directory, report, env } = options;
  const envoy = await findEnvoy({ env, onProgress: (progress) => report.installing(progress) });
  if (envoy.kind !== "found") throw new Error(envoy.message);
  report.envoyReady(envoy);
  await using stack = new AsyncDisposableStack();
  const authority = createUpstreamAuthority();
  const provider = await createFakeProvider({
    certificate: authority.issue([modelHost]),
    openAiKey: demoKey,
    anthropicKey: demoKey,
  });
  stack.defer(() => provider.close());
  const policy = path.join(directory, "policy");
  await mkdir(policy);
  const { address, port } = provider;
  await writeDemoPolicy(policy, { address, port, authorityPem: authority.certificatePem });
  const client = await startDemoGateway(stack, { policy, env });
  const status = await client.status();
  report.gatewayReady(status);
  const { records, agentOutput } = await runAgent(client, env, report);
  const outcome = conclude(records, { agentOutput, recordFile: status.records.file });
  report.outcome(outcome, env);
  return outcome;
}

async function startDemoGateway(
  stack: AsyncDisposableStack,
  { policy, env }: { readonly policy: string; readonly env: DemoOptions["env"] },
): Promise<GatewayClient> {
  const log: string[] = [];
  const started = await startGateway({
    entry: gatewayMain,
    arguments: ["--file", policy, "--secret", "openai=CLRK_DEMO_KEY", "--exit-with-parent"],
    endsWithUs: true,
    environment: { ...env, CLRK_DEMO_KEY: demoKey },
    onLogLine: (line) => void log.push(line),
  });
  if (started.kind === "failed") throw new Error(started.message);
  stack.defer(async () => {
    started.process.terminate();
    await started.process.exited;
  });
  const client = createGatewayClient(started.controlSocket);
  await waitUntil(
    async () => {
      const { gateways } = await client.status();
      return gateways.length > 0 && gateways.every(({ ready }) => ready);
    },
    { deadlineMs: startDeadlineMs, what: `the gateway serves: ${log.slice(-3).join(" ")}` },
  );
  return client;
}

async function runAgent(client: GatewayClient, env: DemoOptions["env"], report: DemoReport) {
  const run = await client.registerRun({ agent: "quickstart", command: "agent.ts" });
  const records: EgressRecord[] = [];
  const stream = client.followRecords(run.runId, (record) => void records.push(record));
  await stream.opened;
  const { environment } = agentEnvironment({
    userEnvironment: userEnvironment(env),
    proxyUrl: run.proxyUrl,
    bundlePath: run.trust.bundle,
    hashedDirectory: run.trust.directory,
    noProxy: defaultNoProxy,
  });
  report.asking(modelHost);
  const agentOutput = await outputOf(path.join(quickstartDirectory, "agent.ts"), environment);
  await waitUntil(() => hasBoth(records), {
    deadlineMs: recordDeadlineMs,
    what: `both calls are recorded; the agent said: ${agentOutput.join(" ")}`,
  });
  stream.close();
  return { records, agentOutput };
}

function hasBoth(records: readonly EgressRecord[]): boolean {
  return [modelHost, refusedHost].every((host) =>
    records.some(({ request }) => request.host === host),
  );
}

function outputOf(script: string, environment: Readonly<Record<string, string>>) {
  return new Promise<readonly string[]>((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: agentDeadlineMs,
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    }
    child.once("error", reject);
    child.once("close", () => resolve(text.split("\n").filter((line) => line !== "")));
  });
}

function conclude(
  records: readonly EgressRecord[],
  rest: Pick<DemoOutcome, "agentOutput" | "recordFile">,
): DemoOutcome {
  const allowed = records.find(({ request }) => request.host === modelHost);
  const denied = records.find(({ request }) => request.host === refusedHost);
  if (allowed === undefined || denied === undefined) {
    throw new TypeError("Cannot conclude the demo: a record is missing");
  }
  const ok =
    allowed.decision.verdict === "allow" &&
    allowed.response.status === 200 &&
    allowed.credential !== null &&
    denied.decision.verdict === "deny" &&
    denied.response.status === 403;
  return { ok, allowed, denied, ...rest };
}
