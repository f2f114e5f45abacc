/**
 * `clrk run`: a command with its traffic through the gateway.
 * Invariant: the command's output, input and exit code are its own; everything of ours goes to stderr, and only where
 * a person sits in front of it.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunRegistration } from "../../../gateway/control-api.ts";
import {
  agentEnvironment,
  defaultNoProxy,
  extraRoots,
  javaCredentialOptions,
} from "../agent-environment.ts";
import { defaultAgentName, isAgentName, toLabel } from "../agent-name.ts";
import { prepareTrust } from "../agent-trust.ts";
import { captureLimits, inspectCommand } from "../capture-limits.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { checkGatewayOptions } from "../gateway-arguments.ts";
import type { ControlStream, GatewayClient } from "../gateway-client.ts";
import { findOtlpEndpoint } from "../../telemetry/otlp-address.ts";
import { otlpVariables } from "../otlp-variables.ts";
import { parsePlaceholderFlag, placeholderVariables } from "../placeholder-flag.ts";
import { createJavaTrustStore, isJavaCommand } from "../java-trust-store.ts";
import { startOwnGateway } from "../own-gateway.ts";
import type { OwnGateway } from "../own-gateway.ts";
import { formatRunLine } from "../run-line.ts";
import { chooseGateway, findRunningGateways } from "../running-gateways.ts";
import type { RunningGateway } from "../running-gateways.ts";
import { spawnCommand } from "../spawn-command.ts";
import { userEnvironment } from "../user-environment.ts";

/** Options as the user gave them. */
export interface RunFlags {
  readonly agent?: string;
  readonly gateway?: string;
  readonly file?: readonly string[];
  readonly secret?: readonly string[];
  readonly provider?: readonly string[];
  readonly placeholder?: readonly string[];
  readonly java?: boolean;
  readonly quiet?: boolean;
}

/** Envoy hands records over every 100 ms: the last ones of a run need that long, and belong to it. */
const lastRecordsMs = 200;

/** Runs the command; the exit code of the process is the command's, or 125 and a `CliError` when it could not be run. */
export async function run(this: CliContext, flags: RunFlags, ...argv: string[]): Promise<void> {
  try {
    this.process.exitCode = await runBehindGateway(this, flags, argv);
  } catch (error) {
    this.process.exitCode = EXIT_CODE.runFailed;
    throw error;
  }
}

async function runBehindGateway(
  context: CliContext,
  flags: RunFlags,
  argv: readonly string[],
): Promise<number> {
  const { file = [], secret = [], provider = [], quiet: isQuiet = false } = flags;
  const agent = parseAgent(flags.agent, argv);
  const wanted = (flags.placeholder ?? []).map(parsePlaceholderFlag);
  const { workingDirectory, home } = context;
  const { env } = context.process;
  await checkGatewayOptions({ file, secret }, { workingDirectory, env });
  for (const [option, values] of Object.entries({ secret, provider })) {
    if (values.length === 0 || file.length > 0) continue;
    throw new CliError(
      `Cannot use --${option}: it is for a gateway that this command starts\nName its manifests too: -f DIR`,
    );
  }
  const { answering } = await findRunningGateways(home);
  await using own =
    file.length === 0
      ? undefined
      : disposable(await startForFiles(context, { file, secret, provider, answering, isQuiet }));
  const running = own === undefined ? answering : [own.gateway];
  if (running.length === 0) {
    throw new CliError(
      "No gateway is running\nStart one in another terminal: clrk dev -f DIR\nOr only for this command: clrk run -f DIR -- CMD",
    );
  }
  const chosen = chooseGateway(running, flags.gateway);
  const { client } = chosen.running;
  const command = argv[0] ?? "";
  const placeholders =
    wanted.length === 0 ? {} : placeholderVariables(wanted, (await client.placeholders()).items);
  const registration = await client.registerRun({ agent, gateway: chosen.key, command });
  const withheld = await secretVariables(secret);
  const options = { client, registration, isQuiet, withheld, placeholders };
  await using session = new RunSession(context, options);
  return await session.run(argv, { usesJava: flags.java ?? false });
}

function parseAgent(given: string | undefined, argv: readonly string[]): string {
  if (given === undefined) return defaultAgentName(argv);
  if (isAgentName(given)) return given;
  const near = toLabel(given);
  const hint = near === "" ? "" : `; did you mean "${near}"?`;
  throw new CliError(
    `Cannot use agent name "${escapeControls(given)}": wanted up to 63 lower-case letters, digits and "-"${hint}`,
  );
}

function disposable(gateway: OwnGateway): { gateway: OwnGateway } & AsyncDisposable {
  return { gateway, [Symbol.asyncDispose]: () => gateway.close() };
}

async function startForFiles(
  context: CliContext,
  options: {
    readonly file: readonly string[];
    readonly secret: readonly string[];
    readonly provider: readonly string[];
    readonly answering: readonly RunningGateway[];
    readonly isQuiet: boolean;
  },
): Promise<OwnGateway> {
  const { file, secret, provider, answering, isQuiet } = options;
  const [first] = answering;
  if (first !== undefined) {
    // To run under another policy than the one that was named would be worse than not to run.
    throw new CliError(
      `Cannot start a gateway for this command: process ${first.pid} is running\nUse it: leave out -f; or stop it: clrk stop ${first.pid}`,
    );
  }
  const paths = file.map((path) => resolve(context.workingDirectory, path));
  const isSilent = isQuiet || !context.process.stderr.isTerminal;
  return startOwnGateway(context, {
    gateway: { file: paths, secret, provider },
    isQuiet: isSilent,
  });
}

async function secretVariables(flags: readonly string[]): Promise<readonly string[]> {
  if (flags.length === 0) return [];
  // Most runs have no such flag, and should not wait for the module.
  const { parseSecretFlag } = await import("../../../gateway/secret-flag.ts");
  return flags
    .map(parseSecretFlag)
    .flatMap((spec) => (spec.kind === "variable" ? [spec.variable] : []));
}

interface RunSessionOptions {
  /** Variables that hold a secret of the gateway: the command does not inherit them */
  readonly withheld: readonly string[];
  /** Variables that the command gets in their place */
  readonly placeholders: Readonly<Record<string, string>>;
  readonly client: GatewayClient;
  readonly registration: RunRegistration;
  readonly isQuiet: boolean;
}

class RunSession {
  readonly #context: CliContext;
  readonly #options: RunSessionOptions;
  /** Open for as long as the run is to live */
  readonly #records: ControlStream;
  readonly #isChatty: boolean;
  #temporary: string | undefined;
  #isEnding = false;
  /** Of the command; undefined while it has not ended */
  #exitCode: number | undefined;

  constructor(context: CliContext, options: RunSessionOptions) {
    const { stderr } = context.process;
    const { client, registration, isQuiet } = options;
    this.#context = context;
    this.#options = options;
    this.#isChatty = stderr.isTerminal && !isQuiet;
    this.#records = client.followRecords(registration.runId, (record) => {
      if (!this.#isChatty) return;
      const { palette, columns } = stderr;
      stderr.write(`${formatRunLine(record, { palette, columns })}\n`);
    });
    void this.#watchGateway();
  }

  /** Runs the command to its end and resolves with its exit code. */
  async run(argv: readonly string[], options: { readonly usesJava: boolean }): Promise<number> {
    const { client, registration } = this.#options;
    const usesJava = options.usesJava || isJavaCommand(argv);
    const environment = await this.#environment(usesJava);
    await this.#records.opened;
    if (this.#isChatty) await this.#tellLimits(argv, { environment, usesJava });
    const result = await spawnCommand({
      argv,
      environment,
      // It only keeps the run alive without us; the command need not wait for it, nor fail with it.
      onStart: (pid) => void client.setRunProcess(registration.runId, pid).catch(() => {}),
    });
    if (result.kind === "not-started") {
      this.#context.process.stderr.write(`clrk: ${result.message}\n`);
    }
    this.#exitCode = result.exitCode;
    return result.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { client, registration } = this.#options;
    await sleep(lastRecordsMs);
    this.#isEnding = true;
    // The gateway ends a run without us by itself.
    await client.endRun(registration.runId, this.#exitCode).catch(() => {});
    this.#records.close();
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true });
  }

  async #environment(usesJava: boolean): Promise<Record<string, string>> {
    const { home, process } = this.#context;
    const { registration } = this.#options;
    const { proxyUrl } = registration;
    const user = userEnvironment(process.env);
    // The point of the gateway is that the agent never holds the key.
    for (const name of this.#options.withheld) delete user[name];
    Object.assign(user, this.#options.placeholders);
    const endpoint = findOtlpEndpoint(home.root);
    const { telemetryToken: token } = registration;
    Object.assign(user, otlpVariables({ endpoint, token, userEnvironment: user }));
    const trust = await prepareTrust({
      gateway: registration.trust,
      extraRoots: extraRoots(user),
      directory: join(home.trust, "extra"),
    });
    const { environment } = agentEnvironment({
      userEnvironment: user,
      proxyUrl,
      bundlePath: trust.bundle,
      hashedDirectory: trust.directory,
      nodePreload: fileURLToPath(new URL("../node-preload.cjs", import.meta.url)),
      noProxy: defaultNoProxy,
      ...(usesJava && (await this.#javaFiles(trust.bundle, proxyUrl))),
    });
    return environment;
  }

  async #javaFiles(
    bundlePath: string,
    proxyUrl: string,
  ): Promise<{ readonly javaTrustStore: string; readonly javaCredentialsFile: string }> {
    const directory = join(this.#context.home.trust, "java");
    const javaTrustStore = await createJavaTrustStore({ bundlePath, directory });
    this.#temporary = await mkdtemp(join(tmpdir(), "clrk-run-"));
    const javaCredentialsFile = join(this.#temporary, "java-options");
    await writeFile(javaCredentialsFile, javaCredentialOptions(proxyUrl), { mode: 0o600 });
    return { javaTrustStore, javaCredentialsFile };
  }

  async #tellLimits(
    argv: readonly string[],
    options: { readonly environment: Record<string, string>; readonly usesJava: boolean },
  ): Promise<void> {
    const { stderr } = this.#context.process;
    const limits = captureLimits({
      facts: await inspectCommand(argv, options.environment),
      hasJavaOptions: options.usesJava,
      noProxy: defaultNoProxy,
      platform: process.platform,
    });
    for (const line of limits) stderr.write(`${stderr.palette.dim(`clrk: ${line}`)}\n`);
  }

  async #watchGateway(): Promise<void> {
    await this.#records.opened.catch(() => {});
    await this.#records.ended;
    if (this.#isEnding || !this.#isChatty) return;
    const text = "clrk: The gateway is gone: requests fail until it is back and this is run again";
    this.#context.process.stderr.write(`${this.#context.process.stderr.palette.red(text)}\n`);
  }
}
