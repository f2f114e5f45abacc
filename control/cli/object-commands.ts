/** The command line of the commands about objects; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import {
  apiFlags,
  countFlag,
  namespaceFlag,
  switchFlag,
  objectOutputFlag,
  selectorFlag,
  textFlag,
  textsFlag,
} from "./command-flags.ts";
import { wordsParameter } from "./command-flags.ts";
import type { ApplyFlags } from "./commands/apply.ts";
import type { DeleteFlags } from "./commands/delete.ts";
import type { DescribeFlags } from "./commands/describe.ts";
import type { GetFlags } from "./get-flags.ts";

const kindsHelp = [
  "KIND is a plural, a singular, a kind or a short name, in any case; its group may",
  "follow after a point. Several have commas between: egw,ehr. KIND/NAME may be",
  "given any number of times.",
];

/** Builds `clrk get`. */
export function getCommand(): Command<CliContext> {
  return buildCommand<GetFlags, string[], CliContext>({
    loader: async () => (await import("./commands/get.ts")).get,
    parameters: {
      flags: {
        namespace: namespaceFlag,
        allNamespaces: switchFlag("Objects of all namespaces"),
        output: objectOutputFlag,
        selector: selectorFlag,
        "field-selector": textFlag("FIELDS", "These fields: metadata.name=a"),
        watch: switchFlag("Go on with changes until Ctrl-C"),
        limit: countFlag("N", "Most objects [default: all]"),
        noHeaders: switchFlag("No headings"),
        ...apiFlags,
      },
      aliases: {
        n: "namespace",
        A: "allNamespaces",
        o: "output",
        l: "selector",
        w: "watch",
      },
      positional: wordsParameter("KIND", "Kind, then names; or KIND/NAME"),
    },
    docs: {
      brief: "Show objects, and whether they work",
      customUsage: ["[KIND [NAME...] | KIND/NAME...] [OPTIONS]"],
      fullDescription: [
        "Lists objects of one KIND with their state; without KIND, the kinds and how many",
        "objects of each there are. Values of Secrets are never shown.",
        "",
        ...kindsHelp,
        "",
        "Objects come from the API server: that of clrk dev, unless another is named or",
        "chosen (clrk context). Without one they come from the gateways that run.",
        "",
        "JSON is the object where one NAME is given, else a List with `items`. An object",
        "has apiVersion, kind, metadata, spec and status: `status.conditions` is as in",
        "Kubernetes, `status.tier` says what decides a route's traffic, and",
        "`status.source` where the object was read. With -w JSON is a line an event:",
        "{type, object}, type being ADDED, MODIFIED or DELETED.",
        "",
        "KIND budgets shows what calls under a budget have used and reserved, KIND",
        "placeholders the fakes that agents may hold in place of keys.",
        "",
        "EXAMPLES",
        "  clrk get egressgateways",
        "  clrk get aiproviderroute openai -o yaml",
        "  clrk get backends -l team=red -w",
        "  clrk get budgets",
        "",
        "EXIT CODES",
        "  0  shown     1  no such object, or nobody to ask     2  wrong usage",
      ].join("\n"),
    },
  });
}

/** Builds `clrk describe`. */
export function describeCommand(): Command<CliContext> {
  return buildCommand<DescribeFlags, string[], CliContext>({
    loader: async () => (await import("./commands/describe.ts")).describe,
    parameters: {
      flags: { namespace: namespaceFlag, ...apiFlags },
      aliases: { n: "namespace" },
      positional: wordsParameter("KIND", "Kind, then names; or KIND/NAME", 1),
    },
    docs: {
      brief: "Show all about objects: state, events, what refers to them",
      customUsage: ["KIND [NAME...] | KIND/NAME... [OPTIONS]"],
      fullDescription: [
        "Without NAME, all objects of the kind in the namespace. The form is for people",
        "and may change; programs read clrk get -o json. Values of Secrets stay closed.",
        "",
        ...kindsHelp,
        "",
        "EXAMPLES",
        "  clrk describe egressgateway default",
        "  clrk describe backend/azure aiproviderroute/openai",
        "",
        "EXIT CODES",
        "  0  shown     1  no such object, or nobody to ask     2  wrong usage",
      ].join("\n"),
    },
  });
}

/** Builds `clrk apply`. */
export function applyCommand(): Command<CliContext> {
  return buildCommand<ApplyFlags, [], CliContext>({
    loader: async () => (await import("./commands/apply.ts")).apply,
    parameters: {
      flags: {
        file: textsFlag("PATH", "File or folder; - is standard input; repeatable"),
        recursive: switchFlag("As kubectl; folders are read so anyway"),
        "dry-run": switchFlag("Check everything, write nothing"),
        "force-conflicts": switchFlag("Take fields over that others own"),
        prune: switchFlag("Delete what the manifests no longer name"),
        applyset: textFlag("NAME", "Mark objects as the set of this Secret, for --prune"),
        "applyset-namespace": textFlag("NAMESPACE", "Where that Secret is; else that of -n"),
        selector: textFlag("LABELS", "In place of a set: all with these labels"),
        namespace: textFlag("NAMESPACE", "Refuse manifests of other namespaces"),
        ...apiFlags,
      },
      aliases: { f: "file", R: "recursive", n: "namespace", l: "selector" },
    },
    docs: {
      brief: "Create and change objects from manifests",
      customUsage: ["-f FILE|DIR|- [OPTIONS]"],
      fullDescription: [
        "Applies on the server's side, as field manager clrk: fields that the manifests",
        "set are theirs, others stay. Fields of others are not taken: each conflict is",
        "told. All is checked before anything is written. Objects that are in the",
        "manifests no more stay, or go with --prune: those of the set NAME, or with the",
        "labels, that clrk apply wrote. All of them are named before one is deleted; a",
        "Namespace, or a Secret that was not applied, among them is refused.",
        "",
        "A set belongs to the Secret NAME (or configmap/NAME) in the namespace of -n or",
        "--applyset-namespace, which is made, and lists its kinds and namespaces.",
        "",
        "Prints a line an object: KIND.GROUP/NAME created, configured, unchanged, pruned.",
        "",
        "EXAMPLES",
        "  clrk apply -f examples/budget --dry-run",
        "  clrk apply -f examples/budget",
        "  clrk apply -f policy --prune --applyset web -n default --dry-run",
        "",
        "EXIT CODES",
        "  0  all applied and pruned     1  nothing was, or it says what was",
        "  2  wrong usage",
      ].join("\n"),
    },
  });
}

/** Builds `clrk delete`. */
export function deleteCommand(): Command<CliContext> {
  return buildCommand<DeleteFlags, string[], CliContext>({
    loader: async () => (await import("./commands/delete.ts")).deleteObjects,
    parameters: {
      flags: {
        file: textsFlag("PATH", "Objects of this file or folder; may be repeated"),
        selector: textFlag("LABELS", "All of KIND with these labels"),
        namespace: namespaceFlag,
        wait: switchFlag("Return when they are gone; at most a minute"),
        "dry-run": switchFlag("Check everything, delete nothing"),
        "ignore-not-found": switchFlag("What is not there counts as deleted"),
        ...apiFlags,
      },
      aliases: { f: "file", l: "selector", n: "namespace" },
      positional: wordsParameter("KIND", "Kind, then names; or KIND/NAME"),
    },
    docs: {
      brief: "Delete objects",
      customUsage: ["KIND NAME... | KIND/NAME... | KIND -l LABELS | -f PATH [OPTIONS]"],
      fullDescription: [
        "Prints a line an object: KIND.GROUP/NAME deleted, or deleting where it waits for",
        "finalizers. What a file of clrk dev has comes back when that file changes.",
        "",
        ...kindsHelp,
        "",
        "EXAMPLES",
        "  clrk delete ratelimitpolicy slow --dry-run",
        "  clrk delete -f examples/budget --ignore-not-found",
        "",
        "EXIT CODES",
        "  0  deleted     1  not all were     2  wrong usage",
      ].join("\n"),
    },
  });
}
