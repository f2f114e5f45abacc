/** The command line of the views on agents; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import {
  apiFlags,
  countFlag,
  jsonFlag,
  namespaceFlag,
  switchFlag,
  textFlag,
} from "./command-flags.ts";
import type { InvocationsFlags, ViewFlags } from "./commands/views.ts";

const viewFlags = {
  namespace: namespaceFlag,
  allNamespaces: switchFlag("Of all namespaces"),
  output: jsonFlag,
  watch: switchFlag("Go on with what changes, until Ctrl-C"),
  ...apiFlags,
} as const;

const viewAliases = { n: "namespace", A: "allNamespaces", o: "output", w: "watch" } as const;

const watchHelp = "With -w it is a line a change, and JSON an item a line.";

/** Builds `clrk agents`. */
export function agentsCommand(): Command<CliContext> {
  return buildCommand<ViewFlags, [], CliContext>({
    loader: async () => (await import("./commands/views.ts")).agents,
    parameters: { flags: viewFlags, aliases: viewAliases },
    docs: {
      brief: "Show agents, what they used and what they were denied",
      customUsage: ["[-n NAMESPACE | -A] [-w] [-o json]"],
      fullDescription: [
        "Agents are TaskAgents, DaemonAgents and, as kind Process, commands of clrk run.",
        "What is not known is shown as -. A COST with +? has calls without a price.",
        "",
        "JSON is {agents}: each {namespace, name, kind, phase, usage, lastSeen}. Of usage",
        "requests, denials, inputTokens, outputTokens, cost and unpriced, where known.",
        watchHelp,
      ].join("\n"),
    },
  });
}

/** Builds `clrk pools`. */
export function poolsCommand(): Command<CliContext> {
  return buildCommand<ViewFlags, [], CliContext>({
    loader: async () => (await import("./commands/views.ts")).pools,
    parameters: { flags: viewFlags, aliases: viewAliases },
    docs: {
      brief: "Show pools of workers, and how full they are",
      customUsage: ["[-n NAMESPACE | -A] [-w] [-o json]"],
      fullDescription: [
        "JSON is {pools}: each {namespace, name, replicas, ready, active, createdAt}.",
        watchHelp,
      ].join("\n"),
    },
  });
}

/** Builds `clrk invocations`. */
export function invocationsCommand(): Command<CliContext> {
  return buildCommand<InvocationsFlags, [], CliContext>({
    loader: async () => (await import("./commands/views.ts")).invocations,
    parameters: {
      flags: {
        ...viewFlags,
        agent: textFlag("NAME", "Only of this agent"),
        limit: countFlag("N", "The newest N [default: 50]"),
      },
      aliases: viewAliases,
    },
    docs: {
      brief: "Show invocations of agents, the newest first",
      customUsage: ["[--agent NAME] [-n NAMESPACE | -A] [--limit N] [-w] [-o json]"],
      fullDescription: [
        "JSON is {invocations}: each {namespace, name, agent, kind, trigger, phase,",
        "startTime, completionTime, exitCode, traceId, usage}.",
        watchHelp,
      ].join("\n"),
    },
  });
}
