/** `clrk approvals`, `clrk approve` and `clrk deny`: people decide whether calls of tools go on. */
import type { ConfirmationDecision, ControlEvent } from "../../../gateway/control-api.ts";
import type { OpenConfirmation } from "../../../gateway/confirmation.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { askLines, endLine, formatQuestions } from "../confirmation-lines.ts";
import { findRunningGateways } from "../running-gateways.ts";
import type { RunningGateway } from "../running-gateways.ts";
import { toJson, toJsonLine } from "../whole-objects.ts";

/** Options of `clrk approvals`. */
export interface ApprovalsFlags {
  readonly watch?: boolean;
  readonly output?: "json";
}

/** Options of `clrk deny`. */
export interface DenyFlags {
  readonly reason?: string;
}

/** Lists what waits for an answer; with `watch` goes on until it is interrupted. Throws a `CliError` when nothing runs. */
export async function approvals(this: CliContext, flags: ApprovalsFlags): Promise<void> {
  const running = await runningGateways(this);
  const { stdout } = this.process;
  if (flags.watch === true) return watch(this, running, flags);
  const items = await questionsOf(running);
  const text = flags.output === "json" ? toJson({ items }) : formatQuestions(items, this.now());
  stdout.write(text);
}

/** Lets the call of a question go on; throws a `CliError` when it is open no more. */
export async function approve(
  this: CliContext,
  _flags: Readonly<Record<never, never>>,
  id: string,
): Promise<void> {
  await decide(this, id, { decision: "approve", reason: "" });
  this.process.stdout.write(`Approved ${id}\n`);
}

/** Refuses the call of a question; throws a `CliError` when it is open no more. */
export async function deny(this: CliContext, flags: DenyFlags, id: string): Promise<void> {
  const { reason = "" } = flags;
  await decide(this, id, { decision: "deny", reason });
  this.process.stdout.write(`Denied ${id}\n`);
}

async function decide(
  context: CliContext,
  id: string,
  decision: ConfirmationDecision,
): Promise<void> {
  const running = await runningGateways(context);
  for (const { client } of running) {
    const { items } = await client.confirmations();
    if (items.some((item) => item.id === id)) return client.decide(id, decision);
  }
  throw new CliError(
    `Cannot answer question "${escapeControls(id)}": it is not open, or no more\nSee what is: clrk approvals`,
  );
}

async function questionsOf(running: readonly RunningGateway[]): Promise<OpenConfirmation[]> {
  const lists = await Promise.all(running.map(({ client }) => client.confirmations()));
  return lists.flatMap(({ items }) => items);
}

async function watch(
  context: CliContext,
  running: readonly RunningGateway[],
  { output }: ApprovalsFlags,
): Promise<void> {
  const { stdout } = context.process;
  const tell = (event: ControlEvent) => {
    if (event.kind !== "confirmation" && event.kind !== "confirmation-ended") return;
    const lines =
      output === "json"
        ? [toJsonLine(event).trimEnd()]
        : event.kind === "confirmation"
          ? askLines(event.question, stdout.palette)
          : [endLine(event.id, event.ended)];
    for (const line of lines) stdout.write(`${line}\n`);
  };
  const streams = running.map(({ client }) => client.followEvents(tell));
  const close = () => {
    for (const stream of streams) stream.close();
  };
  const release = context.onInterrupt(close);
  try {
    await Promise.all(streams.map(({ opened }) => opened));
    await Promise.all(streams.map(({ ended }) => ended));
  } finally {
    close();
    release();
  }
}

async function runningGateways(context: CliContext): Promise<readonly RunningGateway[]> {
  const { answering } = await findRunningGateways(context.home);
  if (answering.length > 0) return answering;
  throw new CliError("No gateway is running\nStart one: clrk dev -f DIR", {
    exitCode: EXIT_CODE.failed,
  });
}
