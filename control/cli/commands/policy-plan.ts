/** `clrk policy plan`: what a changed policy would have made of recorded traffic. */
import { resolve } from "node:path";
import { readDuration } from "../../../crds/duration.ts";
import { ownAddresses } from "../../../gateway/own-addresses.ts";
import { installProviderPlugins } from "../../../gateway/plugin-loader.ts";
import { readPriceFile } from "../../../gateway/price-file.ts";
import { priceTable } from "../../../providers/price-table.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { DifferenceKind } from "../policy/difference.ts";
import { differenceKinds } from "../policy/difference.ts";
import { planLines } from "../policy/plan-lines.ts";
import type { PlanSummary } from "../policy/plan-run.ts";
import { runPlan } from "../policy/plan-run.ts";
import type { SecretKeys } from "../policy/policy-objects.ts";
import { knownSecrets, readPolicy, servedPaths, servedPolicy } from "../policy/policy-objects.ts";
import { PolicySide } from "../policy/policy-side.ts";
import type { RecordLosses } from "../policy/record-source.ts";
import { findRecordFiles, readRecords } from "../policy/record-source.ts";
import type { OutputFlags } from "../output-flags.ts";
import type { RunningGateway } from "../running-gateways.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { formatValue } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface PolicyPlanFlags extends OutputFlags {
  readonly file?: readonly string[];
  readonly against?: readonly string[];
  readonly recorded?: boolean;
  readonly records?: readonly string[];
  readonly since?: string;
  readonly gateway?: string;
  readonly secret?: readonly string[];
  readonly provider?: readonly string[];
  readonly prices?: string;
  readonly seed?: number;
  readonly "fail-on"?: string;
}

/** What to fail on where nothing is said: what takes something from agents, or gives them another credential. */
const usualFailures: readonly DifferenceKind[] = ["denied", "limited", "recredentialed"];

/** What the exit code says of a difference that `--fail-on` names. */
const differsCode = 3;

/** Time between two lines about the progress in `ms`. */
const progressMs = 200;

/** Prints the differences; throws a `CliError` when something cannot be read. */
export async function policyPlan(this: CliContext, flags: PolicyPlanFlags): Promise<void> {
  const failures = readFailures(flags["fail-on"]);
  const sinceMs = readSince(flags.since, this.now());
  const { file = [] } = flags;
  if (file.length === 0) {
    throw usage(
      "Cannot plan: no manifests are named\nName the changed ones: clrk policy plan -f DIR",
    );
  }
  const files = await recordFiles(this, flags.records);
  const { answering } = await findRunningGateways(this.home);
  const plugins = answering.flatMap(({ status }) => status.plugins.map(({ path }) => path));
  const { provider = [] } = flags;
  await installProviderPlugins([...plugins, ...provider], { from: this.workingDirectory });
  const secrets = await knownSecrets(this, flags.secret ?? [], answering);
  const own = await readPriceFile(this.home.prices);
  const changedPrices =
    flags.prices === undefined
      ? own
      : await readPriceFile(resolve(this.workingDirectory, flags.prices));
  const sides = { context: this, secrets, addresses: ownAddresses() };
  const changed = createSide(readPolicy(file, sides), sides.addresses, changedPrices);
  const baseline = await findBaseline(flags, answering, sides);
  const losses: RecordLosses = { malformed: 0, late: 0 };
  const progress = createProgress(this);
  const summary = await runPlan({
    records: readRecords(files, { sinceMs, losses }),
    changed,
    against: baseline && createSide(baseline.objects, sides.addresses, own),
    gateway: flags.gateway,
    seed: flags.seed ?? 1,
    onProgress: progress.tell,
  }).finally(progress.end);
  tellStatuses(this, changed);
  const against = baseline?.name ?? "what the records say";
  await print(this, flags, { summary, against, losses });
  const fails = summary.differences.some(({ kind }) => failures.has(kind));
  if (fails) this.process.exitCode = differsCode;
  if (summary.records > 0 && summary.otherGateways === summary.records) {
    throw new CliError(
      "Nothing was compared: no record is of an EgressGateway that both policies have\nName its manifest too: clrk policy plan -f DIR",
    );
  }
}

interface SideOptions {
  readonly context: CliContext;
  readonly secrets: SecretKeys;
  readonly addresses: readonly string[];
}

interface Baseline {
  readonly objects: ReturnType<typeof readPolicy>;
  readonly name: string;
}

function createSide(
  objects: Baseline["objects"],
  addresses: readonly string[],
  prices: Awaited<ReturnType<typeof readPriceFile>>,
): PolicySide {
  return new PolicySide(
    objects.map(({ object }) => object),
    { prices: [...prices, ...priceTable], addresses },
  );
}

/** What is served, from its own files where these can be served as they are: they show more than the process does. */
async function findBaseline(
  { against, recorded = false, gateway }: PolicyPlanFlags,
  answering: readonly RunningGateway[],
  options: SideOptions,
): Promise<Baseline | undefined> {
  if (against !== undefined && recorded) {
    throw usage("Cannot compare with two things: name --against or --recorded, not both");
  }
  if (against !== undefined) {
    return { objects: readPolicy(against, options), name: `the policy of ${against.join(", ")}` };
  }
  const serving = answering.filter(
    ({ status }) =>
      gateway === undefined ||
      status.gateways.some(
        (one) => gateway === one.name || gateway === `${one.namespace}/${one.name}`,
      ),
  );
  const [running] = serving;
  if (recorded || running === undefined) return undefined;
  if (serving.length > 1) {
    const pids = serving.map(({ pid }) => pid).join(", ");
    throw usage(
      `Cannot choose what to compare with: processes ${pids} serve policies\nSay which: --gateway NAMESPACE/NAME, --against DIR or --recorded`,
    );
  }
  const { pid, status } = running;
  const name = `the policy that process ${pid} serves, revision ${status.revision}`;
  const paths = await servedPaths(running);
  const objects =
    paths === undefined ? await servedPolicy(running, options) : readPolicy(paths, options);
  return { objects, name };
}

async function recordFiles(
  { home, workingDirectory }: CliContext,
  named: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (named !== undefined) return named.map((path) => resolve(workingDirectory, path));
  const files = await findRecordFiles(home.records);
  if (files.length > 0) return files;
  throw new CliError(
    `Cannot plan: there are no records in "${home.records}"\nLet agents work for a while (clrk dev), or name files: --records FILE`,
  );
}

function readSince(text: string | undefined, nowMs: number): number {
  if (text === undefined) return Number.NEGATIVE_INFINITY;
  const reading = readDuration(text);
  if (reading.kind === "valid") return nowMs - reading.value;
  throw usage(`Cannot use "${escapeControls(text)}" for --since: wanted a time such as 24h or 90m`);
}

function readFailures(text: string | undefined): ReadonlySet<DifferenceKind> {
  if (text === undefined) return new Set(usualFailures);
  const names = text.split(",").filter((name) => name !== "" && name !== "none");
  return new Set(
    names.map((name) => {
      const kind = differenceKinds.find((one) => one === name);
      if (kind !== undefined) return kind;
      const wanted = `wanted some of ${differenceKinds.join(", ")}, or none`;
      throw usage(`Cannot use "${escapeControls(name)}" for --fail-on: ${wanted}`);
    }),
  );
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}

/** On a terminal, how far it is; nothing anywhere else. */
function createProgress({ process: { stderr }, now }: CliContext) {
  let told = now();
  let isShown = false;
  return {
    tell: (records: number) => {
      if (!stderr.isTerminal || now() - told < progressMs) return;
      told = now();
      isShown = true;
      stderr.write(`\r${records.toLocaleString("en-US")} records`);
    },
    end: () => {
      if (isShown) stderr.write("\r\u001b[K");
    },
  };
}

/** Objects that are not accepted refuse their traffic: whoever reads the report should know why. */
function tellStatuses({ process: { stderr } }: CliContext, side: PolicySide): void {
  for (const { ref, conditions } of side.statuses) {
    const failed = conditions.find(({ type, status }) => type === "Accepted" && status === "False");
    if (failed === undefined) continue;
    const name = `${ref.kind} ${ref.namespace}/${ref.name}`;
    stderr.write(`${escapeControls(`${name} is not accepted: ${failed.message}`)}\n`);
  }
}

async function print(
  { process: { stdout, stderr } }: CliContext,
  { output }: PolicyPlanFlags,
  found: { readonly summary: PlanSummary; readonly against: string; readonly losses: RecordLosses },
): Promise<void> {
  const { summary, against, losses } = found;
  if (output !== undefined) {
    stdout.write(await formatValue({ against, ...summary, ...losses }, output));
    return;
  }
  stdout.write(planLines(summary, { against, palette: stdout.palette }));
  if (losses.malformed > 0) stderr.write(`${losses.malformed} lines are no records\n`);
  if (losses.late > 0) stderr.write(`${losses.late} records came too late to be put in order\n`);
}
