/** The command line of the commands that look at things; what they do is loaded when they are called. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { wholeFlag } from "./command-flags.ts";
import type { CompletionFlags } from "./commands/completion.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Builds `clrk status`. */
export function statusCommand(): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: async () => (await import("./commands/status.ts")).status,
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: {
      brief: "Show running gateways, their addresses, problems and runs",
      customUsage: ["[-o json|yaml]"],
      fullDescription: [
        "JSON is {processes, silent, control}. A process has version, pid, startedAt,",
        "directories, plugins, revision, problems, envoy, gateways, records and runs;",
        "`silent` has the ids of processes that do not answer; `control` says of the API",
        "server of this home {answers, server, kubeconfig, store, problem}.",
        "",
        "EXIT CODES",
        "  0  running     1  no gateway is running",
      ].join("\n"),
    },
  });
}

/** Builds `clrk doctor`. */
export function doctorCommand(): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: async () => (await import("./commands/doctor.ts")).doctor,
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: {
      brief: "Check what the gateway needs, and say what to do",
      customUsage: ["[-o json|yaml]"],
      fullDescription: [
        "Changes nothing. ✔ is fine, ! is worth a look, ✘ must be put right first.",
        "",
        "JSON is {ok, checks}. Each check has name, result (ok, warning, failed) and",
        "message, and `next` where there is something to do.",
        "",
        "EXIT CODES",
        "  0  nothing essential is wrong     1  something is",
      ].join("\n"),
    },
  });
}

/** Builds `clrk version`. */
export function versionCommand(): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: async () => (await import("./commands/version.ts")).showVersion,
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: {
      brief: "Print the version",
      customUsage: ["[-o json|yaml]"],
      fullDescription: "JSON is {clrk, envoy, node}: each a version; Envoy's is the pinned one.",
    },
  });
}

/** Builds `clrk completion install` and `uninstall`. */
export function completionCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: { install: completionCommand("install"), uninstall: completionCommand("uninstall") },
    docs: { brief: "Complete commands with the Tab key in bash and zsh" },
  });
}

function completionCommand(verb: "install" | "uninstall"): Command<CliContext> {
  return buildCommand<CompletionFlags, [], CliContext>({
    loader: async () => (await import("./commands/completion.ts"))[verb],
    parameters: {
      flags: {
        shell: {
          kind: "enum",
          values: ["bash", "zsh"],
          optional: true,
          brief: "Which shell [default: from $SHELL]",
        },
      },
    },
    docs: {
      brief: verb === "install" ? "Add completion to ~/.bashrc or ~/.zshrc" : "Remove it again",
      customUsage: ["[--shell bash|zsh]"],
    },
  });
}
