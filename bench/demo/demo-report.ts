/** What a person reads while the demo runs, at most 80 columns wide. */

import type { Palette } from "../../control/cli/colour.ts";
import { escapeControls } from "../../control/cli/colour.ts";
import { formatDuration, formatTokens } from "../../control/cli/run-line.ts";
import type { GatewayProcessStatus } from "../../gateway/control-api.ts";
import type { EnvoyBinary } from "../../gateway/envoy-binary.ts";
import type { EnvoyInstallProgress } from "../../gateway/envoy-install.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { formatTierCounts } from "../../gateway/route-tier.ts";
import type { DemoOutcome } from "./demo-outcome.ts";

/** Where lines go. */
export interface DemoReportOptions {
  readonly palette: Palette;
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
}

/** Writes the demo's lines in their order. */
export class DemoReport {
  readonly #options: DemoReportOptions;
  #installed = false;

  constructor(options: DemoReportOptions) {
    this.#options = options;
  }

  /** One line that is written over while Envoy is installed; plain output gets it once. */
  installing(progress: EnvoyInstallProgress): void {
    const { isTerminal, write } = this.#options;
    if (!isTerminal && this.#installed) return;
    this.#installed = true;
    const text = `Envoy          installing once (37 MB): ${progress.phase}`;
    write(isTerminal ? `\r\u001b[2K${text}` : `${text}\n`);
  }

  /** Envoy is there. */
  envoyReady({ version, source }: Extract<EnvoyBinary, { kind: "found" }>): void {
    const { isTerminal, write } = this.#options;
    if (isTerminal && this.#installed) write("\r\u001b[2K");
    const where = {
      CLRK_ENVOY: "from CLRK_ENVOY",
      PATH: "from your PATH",
      cache: "from the cache, verified when it was installed",
      installed: "installed from the Python package, verified",
    }[source];
    this.#line(`Envoy ${version}   ready (${where})`);
  }

  /** The gateway serves. */
  gatewayReady({ gateways }: GatewayProcessStatus): void {
    for (const { explicitProxy, routes } of gateways) {
      const address = `${explicitProxy?.address}:${explicitProxy?.port}`;
      this.#line(
        `Gateway        https proxy ${address} · deny-all, routes: ${formatTierCounts(routes)}`,
      );
    }
  }

  /** The agent is started. */
  asking(host: string): void {
    this.#line("");
    this.#line("An agent (examples/quickstart/agent.ts, openai package, no key of its own)");
    this.#line(`asks ${host} for a completion …`);
  }

  /** Both calls, the record, and how to go on. */
  outcome(outcome: DemoOutcome, env: Readonly<Record<string, string | undefined>>): void {
    const { allowed, denied, recordFile, ok } = outcome;
    this.#allowed(allowed);
    this.#line(`The same agent asks ${denied.request.host} …`);
    this.#denied(denied);
    this.#line("");
    this.#line(`Record   ${withTilde(recordFile, env)} (JSON lines)`);
    if (allowed.trace !== null) this.#line(`Trace    ${allowed.trace.traceId}`);
    if (!ok) this.#unexpected(outcome);
    this.#next();
  }

  #allowed(record: EgressRecord): void {
    const { request, response, decision, credential, durationMs, usage } = record;
    const { palette } = this.#options;
    const { route } = decision;
    const target = escapeControls(
      `${request.method} ${request.scheme}://${request.host}${request.path}`,
    );
    const isAllowed = decision.verdict === "allow";
    this.#line(
      `  ${isAllowed ? palette.green("✔ allowed    ") : palette.red("✘ denied     ")} ${target}`,
    );
    if (route)
      this.#line(
        `                ${route.kind} ${route.namespace}/${route.name}, rule ${route.rule + 1}`,
      );
    if (credential) {
      this.#line(
        `  ${palette.green("✔ credential ")} ${credential.header} from ${credential.name}`,
      );
      this.#line("                (the agent never saw it)");
    }
    const answered =
      response.status < 400 ? palette.green("✔ answered   ") : palette.red("✘ answered   ");
    const tokens = usage === null ? "" : formatTokens(usage);
    const metered = tokens === "" ? "" : ` · ${tokens}`;
    this.#line(`  ${answered} ${response.status} in ${formatDuration(durationMs)}${metered}`);
  }

  #denied({ decision, response }: EgressRecord): void {
    const { palette } = this.#options;
    this.#line(`  ${palette.red("✘ denied     ")} ${escapeControls(decision.message ?? "")}`);
    this.#line(`                ${response.status}, and the agent was told why`);
  }

  #unexpected({ agentOutput }: DemoOutcome): void {
    this.#line("");
    this.#line("This is not what should have happened. The agent said:");
    for (const line of agentOutput) this.#line(`  ${escapeControls(line)}`);
  }

  #next(): void {
    this.#line("");
    this.#line("Next");
    this.#line("  npx clrk dev -f examples/quickstart --secret openai=OPENAI_API_KEY");
    this.#line("                                       keep a gateway running");
    this.#line("  npx clrk run -- python my_agent.py   put your own agent behind it");
  }

  #line(text: string): void {
    this.#options.write(`${text}\n`);
  }
}

function withTilde(file: string, { HOME }: Readonly<Record<string, string | undefined>>): string {
  return HOME && file.startsWith(`${HOME}/`) ? `~${file.slice(HOME.length)}` : file;
}
