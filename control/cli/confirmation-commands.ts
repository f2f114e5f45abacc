/** The command line of `clrk approvals`, `clrk approve` and `clrk deny`; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { jsonFlag } from "./command-flags.ts";
import type { ApprovalsFlags, DenyFlags } from "./commands/approvals.ts";

const text = (input: string) => input;

const idParameter = {
  parse: text,
  placeholder: "ID",
  brief: "Id of the question; see clrk approvals",
} as const;

/** Builds `clrk approvals`. */
export function approvalsCommand(): Command<CliContext> {
  return buildCommand<ApprovalsFlags, [], CliContext>({
    loader: async () => (await import("./commands/approvals.ts")).approvals,
    parameters: {
      flags: {
        watch: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Show questions as they come, until Ctrl-C",
        },
        output: jsonFlag,
      },
      aliases: { w: "watch", o: "output" },
    },
    docs: {
      brief: "Show calls of tools that wait for confirmation",
      customUsage: ["[-w] [-o json]"],
      fullDescription: [
        "A call of a tool that an MCPRoute has confirmed waits until somebody answers:",
        "clrk approve ID or clrk deny ID. What nobody answers in time is denied.",
        "",
        "JSON is {items}; an item has id, agent, execution, gateway, route, server,",
        "calls, bodySha256, asks (cli or webhook), askedAt and expiresAt. With -w it is",
        "an event a line: {kind: confirmation, question} or {kind: confirmation-ended,",
        "id, ended}.",
        "",
        "EXIT CODES",
        "  0  shown     1  no gateway is running",
      ].join("\n"),
    },
  });
}

/** Builds `clrk approve`. */
export function approveCommand(): Command<CliContext> {
  return buildCommand<Record<never, never>, [string], CliContext>({
    loader: async () => (await import("./commands/approvals.ts")).approve,
    parameters: { positional: { kind: "tuple", parameters: [idParameter] } },
    docs: {
      brief: "Let a call of a tool go on",
      customUsage: ["ID"],
      fullDescription: [
        "The approval is for the one call that was asked about, and nothing else.",
        "",
        "EXIT CODES",
        "  0  approved     1  the question is open no more, or a webhook decides",
      ].join("\n"),
    },
  });
}

/** Builds `clrk deny`. */
export function denyCommand(): Command<CliContext> {
  return buildCommand<DenyFlags, [string], CliContext>({
    loader: async () => (await import("./commands/approvals.ts")).deny,
    parameters: {
      flags: {
        reason: {
          kind: "parsed",
          parse: parseReason,
          optional: true,
          placeholder: "TEXT",
          brief: "Why; the agent is told",
        },
      },
      positional: { kind: "tuple", parameters: [idParameter] },
    },
    docs: {
      brief: "Refuse a call of a tool",
      customUsage: ["[--reason TEXT] ID"],
      fullDescription: [
        "The agent gets an error with the reason.",
        "",
        "EXIT CODES",
        "  0  denied     1  the question is open no more, or a webhook decides",
      ].join("\n"),
    },
  });
}

function parseReason(input: string): string {
  if (input.length <= 256) return input;
  throw new RangeError("Wanted at most 256 characters");
}
