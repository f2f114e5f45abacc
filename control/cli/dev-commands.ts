/** The command line of `clrk dev` and of what looks at it; what they do is loaded when they are called. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { countFlag, jsonFlag, switchFlag, textFlag, wholeFlag } from "./command-flags.ts";
import type { DevLogsFlags } from "./commands/dev-logs.ts";
import type { DevWaitReadyFlags } from "./commands/dev-wait-ready.ts";
import type { OutputFlags } from "./output-flags.ts";
import { devCommand } from "./serving-commands.ts";

/** Words after `clrk dev` that are commands of their own; without one of them it serves. */
export const devVerbs: ReadonlySet<string> = new Set(["status", "wait-ready", "logs"]);

/** Builds `clrk dev`, and `clrk dev status`, `wait-ready` and `logs`. */
export function devCommands(): RouteMap<CliContext> {
  const serve = devCommand();
  const map = buildRouteMap({
    routes: {
      serve,
      status: devStatusCommand(),
      "wait-ready": devWaitReadyCommand(),
      logs: devLogsCommand(),
    },
    defaultCommand: "serve",
    docs: { brief: serve.brief, hideRoute: { serve: true } },
  });
  return {
    ...map,
    // Serving is what the group is for: its help is that of the group.
    formatHelp: (lines) => serve.formatHelp({ ...lines, prefix: ["clrk", "dev"] }),
    formatUsageLine: ({ prefix }) => `${prefix.join(" ")} [${[...devVerbs].join("|")}]`,
  };
}

function devStatusCommand(): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: async () => (await import("./commands/dev-status.ts")).devStatus,
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: {
      brief: "Show the processes of clrk dev, and whether each is ready",
      customUsage: ["[-o json|yaml]"],
      fullDescription: [
        "What is wrong with one of them is told on standard error. What they serve shows",
        "clrk status.",
        "",
        "JSON is {components}: each {name, state, ready, pid, restarts, startedAt,",
        "problem}, null where it is not known. State is running, starting, silent,",
        "missing or off.",
        "",
        "EXIT CODES",
        "  0  a gateway runs     1  none does",
      ].join("\n"),
    },
  });
}

function devWaitReadyCommand(): Command<CliContext> {
  return buildCommand<DevWaitReadyFlags, [], CliContext>({
    loader: async () => (await import("./commands/dev-wait-ready.ts")).devWaitReady,
    parameters: { flags: { timeout: textFlag("TIME", "At most so long [default: 2m]") } },
    docs: {
      brief: "Wait until clrk dev can carry requests",
      customUsage: ["[--timeout TIME]"],
      fullDescription: [
        "Waits for a revision that is live in every Envoy, for the API server, and for",
        "the store of telemetry where it can work. It need not have been started yet.",
        "What it waits for is told on standard error.",
        "",
        "EXAMPLES",
        "  clrk dev -f policy & clrk dev wait-ready && clrk run -- npm test",
        "",
        "EXIT CODES",
        "  0  ready     124  not within --timeout     2  wrong usage",
      ].join("\n"),
    },
  });
}

function devLogsCommand(): Command<CliContext> {
  return buildCommand<DevLogsFlags, [], CliContext>({
    loader: async () => (await import("./commands/dev-logs.ts")).devLogs,
    parameters: {
      flags: {
        follow: switchFlag("More as it comes, until Ctrl-C"),
        tail: countFlag("N", "The newest N lines [default: 100]"),
        component: {
          kind: "enum",
          values: ["control", "gateway"],
          optional: true,
          brief: "Only of this process",
        },
        output: jsonFlag,
      },
      aliases: { f: "follow", o: "output" },
    },
    docs: {
      brief: "Show warnings and errors of the processes of clrk dev",
      customUsage: ["[-f] [--tail N] [--component NAME] [-o json]"],
      fullDescription: [
        "Also those of sessions that are over: the newest 8 MiB are kept in",
        "$CLRK_HOME/logs. What agents wrote and asked for is in clrk logs AGENT.",
        "",
        "JSON is a line each: {time, process, level, message} and what belongs to it.",
      ].join("\n"),
    },
  });
}
