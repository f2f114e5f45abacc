/** Questions whether calls of tools may go on, as people read them: everything that an agent wrote is escaped. */
import type { McpConfirmed } from "../../gateway/call-facts.ts";
import type { ConfirmedCall, OpenConfirmation } from "../../gateway/confirmation.ts";
import { formatAge } from "./age.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { formatTable } from "./table.ts";

/** Lines that ask a person, with what to type. */
export function askLines(question: OpenConfirmation, palette: Palette): string[] {
  const { id, asks, server, expiresAt } = question;
  const head = `${palette.yellow("Confirm?")} ${describeAsker(question)} wants to call at ${escapeControls(server)}:`;
  const next =
    asks === "cli"
      ? `  clrk approve ${id}   or   clrk deny ${id}   until ${timeOf(expiresAt)}`
      : `  A webhook is asked, until ${timeOf(expiresAt)}`;
  return [head, ...question.calls.flatMap(callLines), next];
}

/** The line about a question that is open no more. */
export function endLine(id: string, { outcome, by }: McpConfirmed): string {
  const who = by === "cli" ? " at the command line" : by === "webhook" ? " by the webhook" : "";
  const what = {
    approved: "approved",
    denied: "denied",
    timeout: "denied, because nobody answered",
    withdrawn: "withdrawn by its agent",
  }[outcome];
  return `Question ${id}: ${what}${who}`;
}

/** A table of open questions. */
export function formatQuestions(questions: readonly OpenConfirmation[], nowMs: number): string {
  if (questions.length === 0) return "No call waits for confirmation\n";
  return formatTable({
    headings: ["ID", "AGENT", "SERVER", "CALL", "ASKS", "AGE", "LEFT"],
    rows: questions.map((question) => {
      const { id, server, calls, asks, askedAt, expiresAt } = question;
      return [
        id,
        describeAsker(question),
        escapeControls(server),
        calls.map(describeCall).join(", "),
        asks,
        formatAge(Math.max(0, nowMs - Date.parse(askedAt))),
        formatAge(Math.max(0, Date.parse(expiresAt) - nowMs)),
      ];
    }),
  });
}

function describeAsker({ agent }: OpenConfirmation): string {
  return agent === null ? "an unknown caller" : escapeControls(agent);
}

function callLines(call: ConfirmedCall): string[] {
  const cut = call.isCut ? ["    … there is more, which is not shown"] : [];
  return [`  ${describeCall(call)}`, ...cut];
}

function describeCall({ tool, arguments: shown, isCut }: ConfirmedCall): string {
  return `${escapeControls(tool)}(${escapeControls(shown)}${isCut ? "…" : ""})`;
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleTimeString("en-GB");
}
