/** The command line of `clrk policy`; what its commands do is loaded when they are called. */
import { buildCommand, buildRouteMap, numberParser } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { textFlag, textsFlag, wholeFlag } from "./command-flags.ts";
import type { PolicyPlanFlags } from "./commands/policy-plan.ts";
import type { PolicyRolloutFlags } from "./commands/policy-rollout.ts";
import type { PolicyPromoteFlags } from "./commands/policy-steps.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Builds `clrk policy` with its commands. */
export function policyCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: {
      plan: planCommand(),
      rollout: rolloutCommand(),
      status: stepCommand("status", "Show the newest rollout"),
      history: stepCommand("history", "Show all rollouts: who, when, what and why"),
      promote: promoteCommand(),
      abort: stepCommand("abort", "Give all agents the old policy"),
      undo: stepCommand("undo", "Take back what was promoted last"),
    },
    docs: { brief: "See what a changed policy would do, and try it on some agents" },
  });
}

const steps = {
  status: async () => (await import("./commands/policy-steps.ts")).policyStatus,
  history: async () => (await import("./commands/policy-steps.ts")).policyHistory,
  abort: async () => (await import("./commands/policy-steps.ts")).policyAbort,
  undo: async () => (await import("./commands/policy-steps.ts")).policyUndo,
} as const;

function stepCommand(name: keyof typeof steps, brief: string): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: steps[name],
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: { brief },
  });
}

function promoteCommand(): Command<CliContext> {
  return buildCommand<PolicyPromoteFlags, [], CliContext>({
    loader: async () => (await import("./commands/policy-steps.ts")).policyPromote,
    parameters: {
      flags: {
        canary: textFlag("SHARE", "Only to a larger share, such as 50%"),
        output: wholeFlag,
      },
      aliases: { o: "output" },
    },
    docs: { brief: "Give the new policy to more agents, or to all of them for good" },
  });
}

function rolloutCommand(): Command<CliContext> {
  return buildCommand<PolicyRolloutFlags, [], CliContext>({
    loader: async () => (await import("./commands/policy-rollout.ts")).policyRollout,
    parameters: {
      flags: {
        file: textsFlag("PATH", "The changed manifests: a file or folder"),
        canary: { ...textFlag("SHARE", "Of the agents, such as 10%"), optional: false },
        for: { ...textFlag("TIME", "How long it is watched, such as 15m"), optional: false },
        "abort-on": textsFlag("CONDITION", "Ends it, such as 'denied>1%', see above"),
        "min-requests": {
          kind: "parsed",
          parse: numberParser,
          optional: true,
          placeholder: "NUMBER",
          brief: "Below these nothing is good [default: 20]",
        },
        detach: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Do not wait for the end",
        },
        output: wholeFlag,
      },
      aliases: { f: "file", o: "output" },
    },
    docs: {
      brief: "Try changed manifests on a share of the agents",
      customUsage: ["-f PATH --canary SHARE --for TIME [--abort-on CONDITION]"],
      fullDescription: [
        "Gives a share of the agents what is served with the manifests of -f put into it,",
        "and all others what is served. Watches both, and then gives it to all agents,",
        "or, as soon as a condition holds, to none. A hash of what an agent is called",
        "says on which side it is.",
        "",
        "CONDITION is MEASURE>BOUND. denied and errors are shares of requests: 1% is",
        "that many points above the old policy, 2x that many times it. cost (USD a",
        "request) and latency (first byte) are compared by 2x; latency also by 500ms.",
        "What cannot be known at the end aborts.",
        "",
        "EXAMPLES",
        "  clrk policy rollout -f new --canary 10% --for 15m --abort-on 'denied>1%'",
        "  clrk policy rollout -f new --canary 50% --for 1h --abort-on 'cost>2x' --detach",
        "",
        "EXIT CODES",
        "  0  all agents have it, or --detach     1  failed     2  wrong usage",
        "  3  aborted: all agents have the old policy",
      ].join("\n"),
    },
  });
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
        prices: textFlag("FILE", "Its prices [default: prices.json]"),
        seed: {
          kind: "parsed",
          parse: numberParser,
          optional: true,
          placeholder: "NUMBER",
          brief: "Draws other examples [default: 1]",
        },
        "fail-on": textFlag("KINDS", "Exit with 3 on these, see above"),
        output: wholeFlag,
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
