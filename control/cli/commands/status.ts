/** `clrk status`: the running gateway processes at a glance. */
import type { ConfirmationCounts } from "../../../gateway/confirmation.ts";
import type {
  GatewayProcessStatus,
  MintedCredentialStatus,
  RecordsStatus,
} from "../../../gateway/control-api.ts";
import type { EngineStatus } from "../../../gateway/engine.ts";
import type { LimitStoreState } from "../../../gateway/limit-store.ts";
import { formatTierCounts } from "../../../gateway/route-tier.ts";
import { ageSince, describeAge, formatAge } from "../age.ts";
import { auditBanners } from "../audit-banner.ts";
import type { CliContext } from "../cli-context.ts";
import { EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { findControlStatus, formatControlStatus } from "../control-status.ts";
import type { ControlStatus } from "../control-status.ts";
import { formatEndpoint } from "../dev-narrator.ts";
import type { OutputFlags } from "../output-flags.ts";
import { shorten } from "../log-line.ts";
import { formatProblem, shortenPath } from "../problem-line.ts";
import { findRunningGateways, keyOf } from "../running-gateways.ts";
import { describeSecrets } from "../secret-lines.ts";
import { formatTable } from "../table.ts";
import { formatValue } from "../whole-objects.ts";

/** Prints every process; the exit code is 1 when none answers. */
export async function status(this: CliContext, flags: OutputFlags): Promise<void> {
  const { answering, silent } = await findRunningGateways(this.home);
  const { stdout } = this.process;
  const { workingDirectory } = this;
  if (answering.length === 0) this.process.exitCode = EXIT_CODE.failed;
  const control = await findControlStatus(this);
  if (flags.output !== undefined) {
    const processes = answering.map((one) => one.status);
    stdout.write(await formatValue({ processes, silent, control: flatten(control) }, flags.output));
    return;
  }
  const blocks = answering.map((one) => describeProcess(one.status, this));
  if (answering.length === 0) blocks.push("No gateway is running\nStart one: clrk dev -f DIR\n");
  if (silent.length > 0) {
    blocks.push(`Does not answer: process ${silent.join(", ")}\nSee what is wrong: clrk doctor\n`);
  }
  // Where nothing runs at all, one next step is enough.
  const isIdle = answering.length === 0 && control.server === null && control.problem === null;
  if (!isIdle) blocks.push(formatControlStatus(control, { workingDirectory, nowMs: this.now() }));
  stdout.write(blocks.join("\n"));
}

/** What the control process says stands beside what was found out about it. */
function flatten({ report, ...found }: ControlStatus): object {
  const { process = null, files = null, telemetry = null, invocations = null } = report ?? {};
  return { ...found, process, files, telemetry, invocations };
}

function describeProcess(process: GatewayProcessStatus, context: CliContext): string {
  const { workingDirectory } = context;
  const { red } = context.process.stdout.palette;
  const banner = auditBanners(process.gateways, context.process.stdout.palette);
  const problems = process.problems.map(
    (problem) => `  ${red(formatProblem(problem, workingDirectory))}\n`,
  );
  return [
    ...banner.map((line) => `${line}\n`),
    ...describeFacts(process, context),
    problems.length === 0 ? "" : `Problems (revision ${process.revision} stays live)\n`,
    ...problems,
    describeGateways(process),
    describeRuns(process, context.now()),
  ].join("");
}

function describeFacts(process: GatewayProcessStatus, context: CliContext): string[] {
  const { pid, version, startedAt, directories, revision, envoy, engine, records } = process;
  const { plugins, mintedCredentials, secrets, sharedLimits } = process;
  const { workingDirectory } = context;
  const ageMs = ageSince(startedAt, context.now());
  const facts: [string, string][] = [
    [
      "Process",
      `${pid}, clrk ${version}${ageMs === undefined ? "" : `, up ${describeAge(ageMs)}`}`,
    ],
    ["Envoy", `${envoy.version} (${shortenPath(envoy.path, workingDirectory)})`],
    ...(engine === undefined
      ? []
      : [["Engine", describeEngine(engine)] satisfies [string, string]]),
    ...(engine === undefined || engine.budgets.failure === ""
      ? []
      : [["Budgets", engine.budgets.failure] satisfies [string, string]]),
    ...(sharedLimits === undefined
      ? []
      : [["Limits", describeSharedLimits(sharedLimits, engine)] satisfies [string, string]]),
    ...(process.confirmations === undefined || process.confirmations.open === 0
      ? []
      : [["Approvals", describeApprovals(process.confirmations)] satisfies [string, string]]),
    ...(plugins.length === 0
      ? []
      : [["Plugins", describePlugins(plugins)] satisfies [string, string]]),
    ...(mintedCredentials ?? []).map((one): [string, string] => [
      "Credential",
      describeMinted(one),
    ]),
    ["Manifests", `${directories.join(", ") || "none"}, revision ${revision}`],
    ...describeSecrets(secrets, context.now()).map((line, index): [string, string] => [
      index === 0 ? "Secrets" : "",
      line,
    ]),
    ["Records", shortenPath(records.file, workingDirectory)],
    ["", describeLosses(records)],
    ...(records.failure === "" ? [] : [["", records.failure] satisfies [string, string]]),
  ];
  return facts.map(([name, value]) => `${name.padEnd(10)} ${escapeControls(value)}\n`);
}

function describeSharedLimits(
  { server, isReachable, replicas, failure }: LimitStoreState,
  engine: EngineStatus | undefined,
): string {
  const { unreachable = 0, unshared = 0 } = engine?.limited ?? {};
  return [
    isReachable
      ? `shared by ${server}, ${replicas} ${replicas === 1 ? "replica" : "replicas"}`
      : `NOT SHARED: ${failure}`,
    ...(unreachable === 0 ? [] : [`${unreachable} refused that could not be asked about`]),
    ...(unshared === 0 ? [] : [`${unshared} let by without asking`]),
  ].join(", ");
}

function describePlugins(plugins: GatewayProcessStatus["plugins"]): string {
  return plugins.map(({ name, specifier }) => `${name} (${specifier})`).join(", ");
}

function describeApprovals({ open, refused }: ConfirmationCounts): string {
  const lost = refused === 0 ? "" : `, ${refused} denied for want of room`;
  return `${open} ${open === 1 ? "call waits" : "calls wait"}${lost}: clrk approvals`;
}

/** Whether there is one, for how long, and why the last attempt failed where that matters now. */
function describeMinted(credential: MintedCredentialStatus): string {
  const { secret, type, endpoint, ready, ageSeconds = 0, validSeconds = 0 } = credential;
  const { failures, lastFailure } = credential;
  const state = ready
    ? `${describeAge(ageSeconds * 1000)} old, valid for ${describeAge(validSeconds * 1000)}`
    : "none, requests that need it are refused";
  const trouble =
    failures === 0 || lastFailure === undefined
      ? ""
      : `; ${failures} failed, the last ${describeAge(lastFailure.agoSeconds * 1000)} ago: ${lastFailure.kind}, ${lastFailure.message}`;
  return `${secret} (${type} at ${endpoint}): ${state}${trouble}`;
}

function describeEngine(engine: EngineStatus): string {
  const { threads, replaced, streams, failed, limited, budgets } = engine;
  const lost = threads.serving === threads.wanted ? "" : ` of ${threads.wanted}`;
  const trouble = [
    ...(replaced === 0 ? [] : [`${replaced} replaced`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(limited.full === 0 ? [] : [`${limited.full} refused that nobody could count`]),
    ...(budgets.full === 0 ? [] : [`${budgets.full} refused whose budget nobody could count`]),
    ...(budgets.unwritten === 0 ? [] : [`${budgets.unwritten} uses of budgets not written`]),
  ];
  return [
    `${threads.serving}${lost} ${threads.wanted === 1 ? "thread" : "threads"}`,
    `${streams.open} requests open`,
    `${streams.total} so far`,
    ...trouble,
  ].join(", ");
}

function describeLosses({ published, dropped, incomplete, spooled = 0 }: RecordsStatus): string {
  const waiting = spooled === 0 ? "" : `, ${spooled} spans and logs wait on disk for a receiver`;
  const missing = incomplete === 0 ? "" : `, ${incomplete} without what the engine knew`;
  return `${published} written, ${dropped} lost${missing}${waiting}`;
}

function describeGateways(process: GatewayProcessStatus): string {
  if (process.gateways.length === 0) return "\nNo EgressGateway is served\n";
  const rows = process.gateways.map((gateway) => {
    const { explicitProxy, transparent, routes } = gateway;
    return [
      keyOf(gateway),
      gateway.ready ? "True" : "False",
      gateway.defaultPolicy,
      explicitProxy && formatEndpoint(explicitProxy),
      transparent && formatEndpoint(transparent),
      formatTierCounts(routes) || "0",
      String(gateway.liveRevision),
    ];
  });
  const headings = ["GATEWAY", "READY", "POLICY", "PROXY", "TRANSPARENT", "ROUTES", "REVISION"];
  // Hardly anyone has it, and the line is to fit.
  const isTransparent = process.gateways.some(({ transparent }) => transparent !== undefined);
  const columns = headings.map((_, index) => index).filter((index) => isTransparent || index !== 4);
  const pick = <Cell>(cells: readonly Cell[]) => columns.map((index) => cells[index]);
  const table = formatTable({
    headings: columns.map((index) => headings[index] ?? ""),
    rows: rows.map((row) => pick(row)),
  });
  const reasons = process.gateways
    .filter(({ ready }) => !ready)
    .map((gateway) => {
      const why =
        gateway.rejection === "" ? gateway.reason : `${gateway.reason}: ${gateway.rejection}`;
      return `${shorten(`${keyOf(gateway)}: ${why}`)}\n`;
    });
  return `\n${table}${reasons.join("")}`;
}

function describeRuns(process: GatewayProcessStatus, nowMs: number): string {
  if (process.runs.length === 0) return "";
  // Where all is enforced nothing else is counted.
  const hasAudited = process.runs.some(({ wouldDeny }) => wouldDeny !== undefined);
  const rows = process.runs.map((run) => {
    const ageMs = ageSince(run.since, nowMs);
    const age = ageMs === undefined ? undefined : formatAge(ageMs);
    const { agent, gateway, command, requests, denied, wouldDeny = 0 } = run;
    const audited = hasAudited ? [String(wouldDeny)] : [];
    return [agent, gateway, command, String(requests), String(denied), ...audited, age];
  });
  const headings = [
    ...["AGENT", "GATEWAY", "COMMAND", "REQUESTS", "DENIED"],
    ...(hasAudited ? ["WOULD DENY"] : []),
    "AGE",
  ];
  return `\n${formatTable({ headings, rows })}`;
}
