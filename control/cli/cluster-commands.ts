/** The command line of `clrk install` and `clrk upgrade`, which say what there is instead of an installer for Kubernetes. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { wordsParameter } from "./command-flags.ts";

/** Words of the user after these are not read: whatever they ask for, the answer is the same. */
export const clusterVerbs: ReadonlySet<string> = new Set(["install", "upgrade"]);

/** Builds `clrk install`. */
export function installCommand(): Command<CliContext> {
  return clusterCommand("install", "Not in this version: install on Kubernetes");
}

/** Builds `clrk upgrade`. */
export function upgradeCommand(): Command<CliContext> {
  return clusterCommand("upgrade", "Not in this version: upgrade on Kubernetes");
}

function clusterCommand(verb: "install" | "upgrade", brief: string): Command<CliContext> {
  return buildCommand<Record<never, never>, string[], CliContext>({
    loader: async () => (await import("./commands/cluster.ts"))[verb],
    parameters: { positional: wordsParameter("WORDS", "Not read") },
    docs: {
      brief,
      customUsage: ["[OPTIONS]"],
      fullDescription: [
        "Changes nothing, neither here nor on a cluster: this version runs on one",
        "machine. It says what to do instead.",
        "",
        "EXIT CODES",
        "  1  always",
      ].join("\n"),
    },
  });
}
