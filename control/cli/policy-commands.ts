/** The command line of `clrk policy`; what its commands do is loaded when they are called. */
import { buildCommand, buildRouteMap, numberParser } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import type { PolicyPlanFlags } from "./commands/policy-plan.ts";

const text = (input: string) => input;

/** Builds `clrk policy` with its commands. */
export function policyCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: { plan: planCommand() },
    docs: { brief: "See what a changed policy would do" },
  });
}

function textFlag(placeholder: string, brief: string) {
  return { kind: "parsed", parse: text, optional: true, placeholder, brief } as const;
}

function textsFlag(placeholder: string, brief: string) {
  return { ...textFlag(placeholder, brief), variadic: true } as const;
}

function planCommand(): Command<CliContext> {
  return buildCommand<PolicyPlanFlags, [], CliContext>({
    loader: async () => (await import("./commands/policy-plan.ts")).policyPlan,
    parameters: {
      flags: {
        file: textsFlag("PATH", "The changed manifests: a file or folder"),
        against: textsFlag("PATH", "Compare with these [default: what is served]"),
        recorded: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Compare with what the records say",
        },
        records: textsFlag("FILE", "Records [default: those of CLRK_HOME]"),
        since: textFlag("TIME", "Only records of the last TIME, such as 24h"),
        gateway: textFlag("NAME", "Only of this EgressGateway, or NAMESPACE/NAME"),
        secret: textsFlag("NAME[:KEY]=SOURCE", "A Secret that will be there, as for clrk dev"),
        provider: textsFlag("PLUGIN", "A provider plugin, as for clrk dev"),
        prices: textFlag("FILE", "Prices of the changed policy [default: prices.json]"),
        seed: {
          kind: "parsed",
          parse: numberParser,
          optional: true,
          placeholder: "NUMBER",
          brief: "Draws other examples [default: 1]",
        },
        "fail-on": textFlag("KINDS", "Exit with 3 on these, see above"),
        output: { kind: "enum", values: ["json"], optional: true, brief: "Print JSON" },
      },
      aliases: { f: "file", o: "output" },
    },
    docs: {
      brief: "Replay recorded traffic through changed manifests",
      customUsage: ["-f PATH [--against PATH | --recorded] [--since TIME]"],
      fullDescription: [
        "Decides recorded transactions again by the manifests of -f, and by those that",
        "the running gateway serves, and prints where they differ. Nothing is sent",
        "anywhere. Where nothing is served it compares with what the records say. What a",
        "decision needs and a record does not hold is not known, and never guessed.",
        "",
        "KINDS are denied, limited, allowed, recredentialed, rerouted, charged, audited",
        "and unknown, with commas between, or none [default:",
        "denied,limited,recredentialed].",
        "",
        "JSON is {against, records, same, otherGateways, uncounted, from, to, malformed,",
        "late, differences}. A difference has kind, count, agents, areAllAgents,",
        "topAgents, topHosts, changes ({from, to, count}) and examples.",
        "",
        "EXAMPLES",
        "  clrk policy plan -f new-policy",
        "  clrk policy plan -f new --against old --since 24h --fail-on denied,rerouted",
        "",
        "EXIT CODES",
        "  0  nothing of KINDS differs     1  failed     2  wrong usage",
        "  3  something of KINDS differs",
      ].join("\n"),
    },
  });
}
