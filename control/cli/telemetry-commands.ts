/** The command line of `clrk logs`, `traces` and `run-task`; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import type { LogsFlags } from "./commands/logs.ts";
import type { RunTaskFlags } from "./commands/run-task.ts";
import type { TracesFlags } from "./commands/traces.ts";

const text = (input: string) => input;

function textFlag(placeholder: string, brief: string) {
  return { kind: "parsed", parse: text, optional: true, placeholder, brief } as const;
}

const apiFlags = {
  kubeconfig: textFlag("FILE", "Kubeconfig [default: clrk dev's]"),
  context: textFlag("NAME", "Context of a kubeconfig"),
} as const;

const selectionFlags = {
  ...apiFlags,
  namespace: textFlag("NAMESPACE", "Namespace [default: the context's]"),
  invocation: {
    kind: "parsed",
    parse: parseInvocation,
    optional: true,
    placeholder: "ID",
    brief: "Only of this invocation",
  },
  component: textFlag("NAMES", "Only of these, with commas between"),
  since: textFlag("TIME", "From then on: 10m, 2d, RFC 3339"),
  until: textFlag("TIME", "Only before then"),
  limit: {
    kind: "parsed",
    parse: parseLimit,
    optional: true,
    placeholder: "N",
    brief: "At most the newest N",
  },
  follow: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "More as it comes, until Ctrl-C",
  },
} as const;

const agentParameter = {
  parse: text,
  placeholder: "AGENT",
  brief: "NAME or KIND/NAME: taskagent, daemonagent or process",
} as const;

const commonText = [
  "AGENT is a task or daemon agent of that name, or else an agent of clrk run.",
  "Where two have it: taskagent/NAME, daemonagent/NAME, process/NAME.",
  "",
  "-f goes on where the shown ones end, connects again when it is cut off, and",
  "misses nothing. Ctrl-C ends it.",
];

/** Builds `clrk logs`. */
export function logsCommand(): Command<CliContext> {
  return buildCommand<LogsFlags, [string], CliContext>({
    loader: async () => (await import("./commands/logs.ts")).logs,
    parameters: {
      flags: {
        ...selectionFlags,
        tail: {
          kind: "parsed",
          parse: parseLimit,
          optional: true,
          placeholder: "N",
          brief: "The same as --limit",
        },
        stream: {
          kind: "enum",
          values: ["stdout", "stderr"],
          optional: true,
          brief: "Only what the agent wrote there",
        },
        output: {
          kind: "enum",
          values: ["text", "json"],
          optional: true,
          brief: "Lines, or a record a line",
        },
      },
      aliases: { n: "namespace", f: "follow", o: "output" },
      positional: { kind: "tuple", parameters: [agentParameter] },
    },
    docs: {
      brief: "Show what an agent wrote and asked for",
      customUsage: ["AGENT [-f] [--since TIME] [--limit N] [-o json]"],
      fullDescription: [
        "Prints the newest 100 log records of an agent, or 1000 of a time or",
        "invocation, the oldest first: its output, its OTLP logs, and a line for each",
        "request. What it wrote to standard error goes there, control characters escaped.",
        "",
        ...commonText,
        "",
        "JSON is LogsData of OTLP, a line each, with one record.",
        "",
        "EXAMPLES",
        "  clrk logs researcher -f",
        "  clrk logs taskagent/researcher --since 1h --stream stderr",
        "",
        "EXIT CODES",
        "  0  shown     1  no such agent, not allowed, no API server     2  wrong usage",
      ].join("\n"),
    },
  });
}

/** Builds `clrk traces`. */
export function tracesCommand(): Command<CliContext> {
  return buildCommand<TracesFlags, [string], CliContext>({
    loader: async () => (await import("./commands/traces.ts")).traces,
    parameters: {
      flags: {
        ...selectionFlags,
        raw: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "No screen, also on a terminal",
        },
        output: { kind: "enum", values: ["json"], optional: true, brief: "The same as --raw" },
      },
      aliases: { n: "namespace", f: "follow", o: "output" },
      positional: { kind: "tuple", parameters: [agentParameter] },
    },
    docs: {
      brief: "Show what an agent did, as a tree of spans",
      customUsage: ["AGENT [-f] [--since TIME] [--limit N] [--raw]"],
      fullDescription: [
        "On a terminal: a screen with a tree for each trace, tokens and cost summed,",
        "what was denied and why; the newest 1000 spans, at most 5000 as more come.",
        "Keys: j k and arrows, page up and down, g and G to move; + and - for attributes,",
        "bodies and whole bodies; enter opens a span and folds a trace; q leaves.",
        "",
        "Else: the newest 100 spans, the oldest first, a line each: TracesData of",
        "OTLP/JSON with one span.",
        "",
        ...commonText,
        "",
        "EXAMPLES",
        "  clrk traces researcher -f",
        "  clrk traces researcher --since 10m --raw | jq .",
        "",
        "EXIT CODES",
        "  0  shown     1  no such agent, not allowed, no API server     2  wrong usage",
      ].join("\n"),
    },
  });
}

/** Builds `clrk run-task`. */
export function runTaskCommand(): Command<CliContext> {
  return buildCommand<RunTaskFlags, [string], CliContext>({
    loader: async () => (await import("./commands/run-task.ts")).runTask,
    parameters: {
      flags: {
        ...apiFlags,
        namespace: textFlag("NAMESPACE", "Namespace [default: the context's]"),
        input: textFlag("TEXT", "Body: the text, @FILE, or - for standard input"),
        request: textFlag("FILE", "A whole HTTP request, or - for standard input"),
        header: {
          kind: "parsed",
          parse: text,
          variadic: true,
          optional: true,
          placeholder: "HEADER",
          brief: '"name: value" or name=value; repeat for more',
        },
        "ce-type": textFlag("TYPE", "Type of the CloudEvent"),
        "ce-source": textFlag("SOURCE", "Its source"),
        "ce-subject": textFlag("SUBJECT", "Its subject"),
        "content-type": textFlag("TYPE", "Of the body [default: application/json]"),
        timeout: {
          kind: "parsed",
          parse: text,
          optional: true,
          placeholder: "TIME",
          brief: "For all of it [default: 60s]",
        },
        async: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Print the id and do not wait",
        },
      },
      aliases: { n: "namespace", i: "input", H: "header" },
      positional: {
        kind: "tuple",
        parameters: [{ parse: text, placeholder: "NAME", brief: "Name of the task agent" }],
      },
    },
    docs: {
      brief: "Run a task agent once, and wait for it",
      customUsage: ["NAME [-i TEXT|@FILE|-] [--timeout TIME] [--async]"],
      fullDescription: [
        "Sends the input to a task agent and prints its answer as it comes. The id of the",
        "invocation and how it ended go to standard error.",
        "",
        "--request sends headers and body of an HTTP request in a file; it must be a",
        "POST, and its target, Host, Content-Length and Connection are not sent.",
        "",
        "EXAMPLES",
        '  clrk run-task researcher -i \'{"topic": "tides"}\'',
        "  clrk run-task researcher -i @question.json --timeout 10m",
        "",
        "EXIT CODES",
        "  0    it succeeded, or --async: it was taken",
        "  1    it failed, or cannot be called     2  wrong usage",
        "  77   rejected: nobody is ready to run it, or too many run already",
        "  124  it timed out, or took longer than --timeout",
      ].join("\n"),
    },
  });
}

function parseLimit(input: string): number {
  const limit = Number(input);
  if (/^\d+$/.test(input) && limit >= 1 && limit <= 10_000) return limit;
  throw new RangeError("Wanted a whole number from 1 to 10000");
}

function parseInvocation(input: string): string {
  const id = input.toLowerCase();
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new RangeError("Wanted the id of an invocation, a UUID");
}
