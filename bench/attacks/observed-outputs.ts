/**
 * Everything that the gateways show to anybody, searched for canaries: logs, events, records, exports, the control
 * socket, the command line, Envoy's own dumps, and what the system tells about processes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import { adminPages, askAdmin } from "../harness/admin-client.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { askControl } from "../harness/control-client.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { descendants, listProcesses, startEnvironment } from "../harness/process-table.ts";
import { runProcess, waitUntil } from "../harness/processes.ts";
import type { AttackedGateway, AttackRig } from "./attack-rig.ts";
import { tellLeak } from "./judge.ts";
import type { Outcome } from "./judge.ts";

/** Name of the outcome. */
export const outputsName = "observed-outputs";

const recordDeadlineMs = 10_000;
const commandDeadlineMs = 20_000;
const launcher = join(import.meta.dirname, "../../bin/clrk.mjs");

const commands: readonly (readonly string[])[] = [
  ["status"],
  ["status", "-o", "json"],
  ["get", "egressgateways", "-o", "yaml"],
  ["get", "egresshttproutes", "-o", "wide"],
  ["get", "aiproviderroutes", "-o", "json"],
  ["get", "credentialinjectionpolicies", "-o", "yaml"],
  ["get", "secrets", "-o", "yaml"],
  ["doctor"],
  ["run", "--agent", "observer", "--", "env"],
];

interface Output {
  readonly name: string;
  readonly text: string;
  /** What must stand in it, so that an empty output is not taken for a clean one */
  readonly expects?: RegExp;
}

/** Searches all outputs; one "attempt" is one output. */
export async function searchOutputs(rig: AttackRig): Promise<Outcome> {
  const gateways = await rig.started();
  const problems = await waitForRecords(rig, gateways);
  const outputs = (await Promise.all(gateways.map(outputsOf))).flat();
  outputs.push({ name: "OTLP", text: rig.otlp.received.join("\n"), expects: /\.test/ });
  const leaks = outputs.map(({ name, text }) => rig.canaries.leaksIn(name, text));
  const empty = outputs.filter(({ text, expects }) => expects?.test(text) === false);
  return {
    name: outputsName,
    tried: outputs.length,
    refused: leaks.filter((them) => them.length === 0).length,
    leaked: leaks.flat().length,
    problems: [
      ...problems,
      ...empty.map(({ name }) => `Output "${name}" does not show what it always shows`),
      ...leaks.flat().map(tellLeak),
    ],
  };
}

/** One more request to each gateway: when its record is everywhere, those of the attacks before it are, too. */
async function waitForRecords(
  rig: AttackRig,
  gateways: readonly AttackedGateway[],
): Promise<string[]> {
  const waits = gateways.map(async ({ kind, gateway, run }) => {
    await requestThrough(run, `http://plain.test/bytes/10?last=${kind}`);
    const isLast = (text: string) => text.includes(`last=${kind}`);
    await gateway.waitForRecord(({ request }) => isLast(request.query), recordDeadlineMs);
    const everywhere = () =>
      isLast(readAll(join(gateway.home, "records"))) && rig.otlp.received.some(isLast);
    await waitUntil(everywhere, { deadlineMs: recordDeadlineMs, what: `last record of ${kind}` });
  });
  const settled = await Promise.allSettled(waits);
  return settled.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
}

async function outputsOf({ kind, gateway }: AttackedGateway): Promise<Output[]> {
  const named = (name: string, text: string, expects?: RegExp): Output => ({
    name: `${name} of ${kind}`,
    text,
    ...(expects !== undefined && { expects }),
  });
  const records = join(gateway.home, "records");
  return [
    named("log", gateway.log),
    named("events", JSON.stringify(gateway.events), /revision/),
    named("record events", JSON.stringify(gateway.records), /attacker-of/),
    named("record files", readAll(records), /attacker-of/),
    ...(await controlOutputs(gateway.controlSocket)).map(({ name, text }) => named(name, text)),
    ...(await adminOutputs(gateway)).map(({ name, text, expects }) => named(name, text, expects)),
    ...(await processOutputs(gateway)).map(({ name, text, expects }) => named(name, text, expects)),
    ...(await commandOutputs(gateway.home)).map(({ name, text }) => named(name, text, /\w/)),
  ];
}

function readAll(directory: string): string {
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .join("\n");
}

async function controlOutputs(socket: string): Promise<Output[]> {
  const paths = [
    CONTROL_PATH.status,
    CONTROL_PATH.objects,
    `${CONTROL_PATH.objects}?kind=Secret`,
    `${CONTROL_PATH.objects}?kind=EgressGateway`,
  ];
  return Promise.all(
    paths.map(async (path) => {
      const { value } = await askControl(socket, `GET ${path}`);
      return { name: `GET ${path}`, text: JSON.stringify(value) };
    }),
  );
}

async function adminOutputs(gateway: RunningGateway): Promise<Output[]> {
  const [socket = ""] = (await gateway.status()).gateways.map(({ envoy }) => envoy.adminSocket);
  return Promise.all(
    adminPages.map(async (page) => {
      const text = await askAdmin(socket, page);
      const isDump = page.startsWith("/config_dump?include");
      return { name: `admin ${page}`, text, ...(isDump && { expects: /plain\.test/ }) };
    }),
  );
}

/** Arguments of all processes; the environment of those that the gateway started, which is to inherit nothing. */
async function processOutputs(gateway: RunningGateway): Promise<Output[]> {
  const { gateway: own } = await gateway.pids();
  const below = descendants(own);
  const commandLines = listProcesses()
    .filter(({ pid }) => pid === own || below.includes(pid))
    .map(({ command }) => command.join(" "));
  const environments = below.flatMap((pid) => startEnvironment(pid));
  return [
    { name: "process arguments", text: commandLines.join("\n"), expects: /envoy/i },
    { name: "environment of children", text: environments.join("\n") },
  ];
}

async function commandOutputs(home: string): Promise<Output[]> {
  const { PATH = "", HOME = "" } = process.env;
  const environment = { PATH, HOME, CLRK_HOME: home };
  const outputs: Output[] = [];
  for (const words of commands) {
    const options = { command: process.execPath, arguments: [launcher, ...words], environment };
    const { stdout, stderr } = await runProcess(options, commandDeadlineMs);
    outputs.push({ name: `clrk ${words.join(" ")}`, text: `${stdout}${stderr}` });
  }
  return outputs;
}
