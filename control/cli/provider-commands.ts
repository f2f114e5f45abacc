/** The command line of `clrk provider list`, `new` and `test`; what they do is loaded when they are called. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Command, RouteMap } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { wholeFlag } from "./command-flags.ts";
import type { ProviderListFlags } from "./commands/provider-list.ts";
import type { ProviderNewFlags } from "./commands/provider-new.ts";
import type { ProviderTestFlags } from "./commands/provider-test.ts";

const text = (input: string) => input;

/** Builds `clrk provider list`, `new` and `test`. */
export function providerCommands(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: { list: listCommand(), new: newCommand(), test: testCommand() },
    docs: { brief: "List, write and check providers and their plugins" },
  });
}

function listCommand(): Command<CliContext> {
  return buildCommand<ProviderListFlags, [], CliContext>({
    loader: async () => (await import("./commands/provider-list.ts")).listProviders,
    parameters: {
      flags: {
        provider: {
          kind: "parsed",
          parse: text,
          variadic: true,
          optional: true,
          placeholder: "SPEC",
          brief: "Plugin to list too; may be repeated",
        },
        output: wholeFlag,
      },
      aliases: { o: "output" },
    },
    docs: {
      brief: "List providers, their hosts and dialects",
      customUsage: ["[--provider SPEC]... [-o json|yaml]"],
      fullDescription: [
        "Lists built-in providers, plugins that are named, and those of running gateways.",
        "SERVED says whether calls that agents made to others can be served in a dialect.",
        "",
        "JSON is {providers}. A provider has name, aliases, hosts, operations, dialects",
        "(name, operation, isCalled, isServed) and source: built-in or the plugin's file.",
      ].join("\n"),
    },
  });
}

function newCommand(): Command<CliContext> {
  return buildCommand<ProviderNewFlags, [string], CliContext>({
    loader: async () => (await import("./commands/provider-new.ts")).newProvider,
    parameters: {
      flags: {
        dir: {
          kind: "parsed",
          parse: text,
          optional: true,
          placeholder: "DIR",
          brief: "Folder to write [default: ./NAME]",
        },
      },
      positional: {
        kind: "tuple",
        parameters: [{ parse: text, placeholder: "NAME", brief: "Name of the provider" }],
      },
    },
    docs: {
      brief: "Write a provider plugin that works, to be changed",
      customUsage: ["NAME [--dir DIR]"],
      fullDescription: [
        "Writes provider.ts, provider.test.ts, package.json and README.md. Nothing is",
        "overwritten. The dialect is a made-up one; docs/providers.md explains the file.",
        "",
        "EXIT CODES",
        "  0  written     1  something is there already, or the name is taken",
      ].join("\n"),
    },
  });
}

function testCommand(): Command<CliContext> {
  return buildCommand<ProviderTestFlags, [string?], CliContext>({
    loader: async () => (await import("./commands/provider-test.ts")).testProvider,
    parameters: {
      flags: {
        builtin: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Check built-in providers, or the one named",
        },
        splits: {
          kind: "parsed",
          parse: parseCount,
          optional: true,
          placeholder: "N",
          brief: "Random cuts of each stream [default: 2000]",
        },
        seed: {
          kind: "parsed",
          parse: parseCount,
          optional: true,
          placeholder: "N",
          brief: "Other random cuts and damages [default: 1]",
        },
        model: {
          kind: "parsed",
          parse: text,
          optional: true,
          placeholder: "MODEL",
          brief: "Model to ask for, where only some are served",
        },
        output: wholeFlag,
      },
      aliases: { o: "output" },
      positional: {
        kind: "tuple",
        parameters: [
          {
            parse: text,
            optional: true,
            placeholder: "SPEC",
            brief: "Folder, file or npm package; with --builtin a name",
          },
        ],
      },
    },
    docs: {
      brief: "Check that a provider keeps what its interface promises",
      customUsage: [
        "SPEC [--splits N] [--seed N] [--model MODEL] [-o json|yaml]",
        "--builtin [NAME]",
      ],
      fullDescription: [
        "Checks the declaration, then each codec: what conversations, answers, streams",
        "and errors lose on their way through it, streams cut anywhere, cut off and",
        "damaged; then the *.test.ts files beside the plugin.",
        "",
        "JSON is {ok, providers}. A provider has name, path, findings (subject, checks,",
        "problems) and tests (files, isOk, output) or null.",
        "",
        "EXAMPLES",
        "  clrk provider test ./acme --splits 1000000",
        "  clrk provider test --builtin openai",
        "",
        "EXIT CODES",
        "  0  nothing is wrong     1  something is, or it cannot be loaded",
      ].join("\n"),
    },
  });
}

function parseCount(input: string): number {
  const number = Number(input);
  if (Number.isSafeInteger(number) && number >= 0 && number <= 1_000_000_000) return number;
  throw new RangeError("Wanted a whole number from 0 to 1000000000");
}
