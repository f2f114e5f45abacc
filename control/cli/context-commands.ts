/** The command line of `clrk context` and `clrk secret`; what they do is loaded when they are called. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { apiFlags, namespaceFlag, switchFlag, wholeFlag, wordsParameter } from "./command-flags.ts";
import type { SecretFlags, SecretListFlags } from "./commands/secret.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Builds `clrk context` with its commands. */
export function contextCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: {
      list: contextListCommand(),
      use: contextUseCommand(),
      current: contextCurrentCommand(),
    },
    docs: { brief: "Choose the API server that commands about objects ask" },
  });
}

function contextListCommand(): Command<CliContext> {
  return buildCommand<OutputFlags, [], CliContext>({
    loader: async () => (await import("./commands/context.ts")).listKnownContexts,
    parameters: { flags: { output: wholeFlag }, aliases: { o: "output" } },
    docs: {
      brief: "Show contexts: that of clrk dev, and those of kubectl",
      customUsage: ["[-o json|yaml]"],
      fullDescription: [
        "Contexts are those of $CLRK_HOME/kubeconfig, which clrk dev writes, then of",
        "$KUBECONFIG, or of ~/.kube/config. A kubeconfig may use a token, a file with",
        "one, or a client certificate; one that runs a program is refused.",
        "",
        "JSON is {contexts}: each {name, current, server, user, namespace, kubeconfig}.",
      ].join("\n"),
    },
  });
}

function contextUseCommand(): Command<CliContext> {
  return buildCommand<Record<never, never>, string[], CliContext>({
    loader: async () => (await import("./commands/context.ts")).useContext,
    parameters: { positional: wordsParameter("NAME", "Context of clrk context list", 1) },
    docs: {
      brief: "Let commands ask the API server of this context from now on",
      customUsage: ["NAME"],
      fullDescription: [
        "The choice is kept in $CLRK_HOME/config. The context of clrk dev, clrk, takes",
        "the choice back: it is what is asked when nothing is chosen.",
        "",
        "EXIT CODES",
        "  0  chosen     1  no such context, or one that cannot be used",
      ].join("\n"),
    },
  });
}

function contextCurrentCommand(): Command<CliContext> {
  return buildCommand<Record<never, never>, [], CliContext>({
    loader: async () => (await import("./commands/context.ts")).currentContext,
    parameters: {},
    docs: {
      brief: "Print the name of the context that is asked",
      fullDescription: "EXIT CODES\n  0  printed     1  there is none",
    },
  });
}

/** Builds `clrk secret` with its commands. */
export function secretCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: { set: secretSetCommand(), list: secretListCommand(), delete: secretDeleteCommand() },
    docs: { brief: "Keep Secrets in the API server" },
  });
}

function secretSetCommand(): Command<CliContext> {
  return buildCommand<SecretFlags, string[], CliContext>({
    loader: async () => (await import("./commands/secret.ts")).setSecret,
    parameters: {
      flags: { namespace: namespaceFlag, ...apiFlags },
      aliases: { n: "namespace" },
      positional: wordsParameter("NAME", "Name of the Secret, then KEY=SOURCE", 1),
    },
    docs: {
      brief: "Create a Secret, or set keys of one",
      customUsage: ["NAME KEY=SOURCE... [-n NAMESPACE]"],
      fullDescription: [
        "SOURCE is @FILE, env:VARIABLE, or - for standard input. One line end at the end",
        "is left out. Values themselves are refused: whoever is on the machine can read",
        "the arguments of a command. Keys that are not named stay.",
        "",
        "EXAMPLES",
        "  clrk secret set openai token=env:OPENAI_API_KEY",
        "  op read op://work/openai/key | clrk secret set openai token=-",
        "",
        "EXIT CODES",
        "  0  set     1  not set     2  wrong usage",
      ].join("\n"),
    },
  });
}

function secretListCommand(): Command<CliContext> {
  return buildCommand<SecretListFlags, [], CliContext>({
    loader: async () => (await import("./commands/secret.ts")).listSecrets,
    parameters: {
      flags: {
        namespace: namespaceFlag,
        allNamespaces: switchFlag("Secrets of all namespaces"),
        output: wholeFlag,
        ...apiFlags,
      },
      aliases: { n: "namespace", A: "allNamespaces", o: "output" },
    },
    docs: {
      brief: "Show Secrets with their keys, never with values",
      customUsage: ["[-n NAMESPACE | -A] [-o json|yaml]"],
      fullDescription:
        "JSON is {secrets}: each {namespace, name, type, keys, createdAt}. Those that\nclrk dev has from options and files are in clrk get secrets.",
    },
  });
}

function secretDeleteCommand(): Command<CliContext> {
  return buildCommand<SecretFlags, string[], CliContext>({
    loader: async () => (await import("./commands/secret.ts")).deleteSecrets,
    parameters: {
      flags: { namespace: namespaceFlag, ...apiFlags },
      aliases: { n: "namespace" },
      positional: wordsParameter("NAME", "Names of Secrets", 1),
    },
    docs: { brief: "Delete Secrets", customUsage: ["NAME... [-n NAMESPACE]"] },
  });
}
