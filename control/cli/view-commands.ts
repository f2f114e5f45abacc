/** The command line of the views on agents; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import {
  apiFlags,
  countFlag,
  namespaceFlag,
  objectOutputFlag,
  selectorFlag,
  switchFlag,
  textFlag,
} from "./command-flags.ts";
import type { AgentsFlags, InvocationsFlags } from "./commands/views.ts";
import type { ViewFlags } from "./view-output.ts";

const viewFlags = {
  namespace: namespaceFlag,
  allNamespaces: switchFlag("Of all namespaces"),
  output: objectOutputFlag,
  selector: selectorFlag,
  watch: switchFlag("Go on with changes until Ctrl-C"),
  ...apiFlags,
} as const;

const viewAliases = {
  n: "namespace",
  A: "allNamespaces",
  o: "output",
  l: "selector",
  w: "watch",
} as const;

const sinceFlag = textFlag("TIME", "Only what began since then");

const outputHelp = [
  "YAML has the same form; -o name prints KIND/NAME, as other commands take it. -w",
  "prints a line a change, JSON an item a line, and YAML a document an item.",
];

/** Builds `clrk agents`. */
export function agentsCommand(): Command<CliContext> {
  return buildCommand<AgentsFlags, [], CliContext>({
    loader: async () => (await import("./commands/views.ts")).agents,
    parameters: { flags: { ...viewFlags, since: sinceFlag }, aliases: viewAliases },
    docs: {
      brief: "Show agents, what they used and what they were denied",
      customUsage: ["[-n NAMESPACE | -A] [--since TIME] [-w] [OPTIONS]"],
      fullDescription: [
        "Agents are TaskAgents, DaemonAgents and, as kind Process, commands of clrk run.",
        "What is not known is shown as -. A COST with +? has calls without a price. Of",
        "invocations the newest 10000 are counted. With -l only objects are shown.",
        "TIME is so long ago, such as 10m or 2d, or a moment of RFC 3339.",
        "",
        "JSON is {agents}: each {namespace, name, kind, phase, usage, lastSeen}. Of usage",
        "requests, denials, inputTokens, outputTokens, cost and unpriced, where known.",
        ...outputHelp,
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
      customUsage: ["[-n NAMESPACE | -A] [-w] [OPTIONS]"],
      fullDescription: [
        "JSON is {pools}: each {namespace, name, replicas, ready, active, createdAt}.",
        ...outputHelp,
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
        agent: textFlag("NAME", "Only of this: NAME or KIND/NAME"),
        since: sinceFlag,
        limit: countFlag("N", "The newest N [default: 50]"),
      },
      aliases: viewAliases,
    },
    docs: {
      brief: "Show invocations of agents, the newest first",
      customUsage: ["[--agent NAME] [-n NAMESPACE | -A] [--since TIME] [OPTIONS]"],
      fullDescription: [
        "With --since the newest 1000 of them. TIME is so long ago, such as 10m or 2d,",
        "or a moment of RFC 3339.",
        "",
        "JSON is {invocations}: each {namespace, name, agent, kind, trigger, phase,",
        "startTime, completionTime, exitCode, traceId, usage}.",
        ...outputHelp,
      ].join("\n"),
    },
  });
}
