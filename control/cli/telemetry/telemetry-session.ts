/** What `clrk logs` and `clrk traces` have in common: options, the agent that is meant, and when to end. */
import type { ApiClient } from "../api-client.ts";
import { createApiClient } from "../api-client.ts";
import { getApiTarget } from "../api-target.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext, Interruption } from "../cli-context.ts";
import { SIGNAL_EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { agentKinds, agentPath, parseAgentWord, resolveAgent } from "./agent-reference.ts";
import { parseMoment } from "./moment.ts";
import type { TelemetryItem, TelemetrySignal } from "./otlp-document.ts";
import { readOption } from "./read-option.ts";
import { follow } from "./telemetry-reader.ts";
import type { FollowNotice, TelemetryPages, TelemetryQuery } from "./telemetry-reader.ts";

/** Options that both commands have. */
export interface TelemetryFlags extends ApiFlags {
  readonly namespace?: string;
  readonly invocation?: string;
  readonly component?: string;
  /** As `parseMoment()` takes it */
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly follow?: boolean;
}

/** What is read, and from where. */
export interface TelemetrySession {
  /** A client by the kubeconfig as it is now */
  readonly connect: () => Promise<ApiClient>;
  readonly query: TelemetryQuery;
  /** The agent for people: `TaskAgent default/researcher` */
  readonly title: string;
  /** Aborts at the first interruption */
  readonly signal: AbortSignal;
  /** Why it did; undefined while it has not */
  readonly interruption: () => Interruption | undefined;
  /** Gives the signals back */
  readonly close: () => void;
}

/** Runs what reads, and sets the exit code by how it ended. Throws what `openSession()` and the work do. */
export async function withSession(
  context: CliContext,
  flags: TelemetryFlags & { readonly iostream?: string },
  {
    about,
    work,
  }: {
    readonly about: { readonly signal: TelemetrySignal; readonly word: string };
    readonly work: (session: TelemetrySession) => Promise<void>;
  },
): Promise<void> {
  const session = await openSession(context, flags, about);
  try {
    await work(session);
  } catch (error) {
    if (!session.signal.aborted) throw error;
  } finally {
    session.close();
  }
  const isFollowing = flags.follow === true;
  context.process.exitCode = interruptedCode(session.interruption(), { isFollowing });
}

/** Prints pages, and with `follow` what comes after them; `none` is said where there is nothing. */
export async function printItems(
  context: CliContext,
  { connect, query, signal }: TelemetrySession,
  options: {
    readonly pages: TelemetryPages;
    readonly follows: boolean;
    readonly print: (items: readonly TelemetryItem[]) => Promise<void>;
    readonly none: string;
  },
): Promise<void> {
  const { pages, follows, print, none } = options;
  const { stderr } = context.process;
  await print(pages.items);
  if (!follows) {
    if (pages.items.length === 0)
      stderr.write(`${escapeControls(none)}\nSee who has some: clrk agents\n`);
    return;
  }
  const tell = (notice: FollowNotice) => stderr.write(`${describeNotice(notice)}\n`);
  const { position: after } = pages;
  for await (const items of follow({ connect, query, after, signal, tell })) await print(items);
}

/** Opens a session; throws a `CliError` where there is no API server, or two agents have the name. */
export async function openSession(
  context: CliContext,
  flags: TelemetryFlags & { readonly iostream?: string },
  { signal, word }: { readonly signal: TelemetrySignal; readonly word: string },
): Promise<TelemetrySession> {
  const agentWord = readOption("AGENT", word, parseAgentWord);
  const moment = (text: string) => parseMoment(text, context.now());
  const since = flags.since && readOption("--since", flags.since, moment);
  const until = flags.until && readOption("--until", flags.until, moment);
  const connect = async () => createApiClient(await getApiTarget(context, flags));
  const client = await connect();
  const namespace = flags.namespace ?? client.target.namespace;
  const agent = await resolveAgent(client, namespace, agentWord);
  const controller = new AbortController();
  let interruption: Interruption | undefined;
  const release = context.onInterrupt((reason) => {
    interruption ??= reason;
    controller.abort();
  });
  const { invocation, component, iostream } = flags;
  return {
    connect,
    query: {
      signal,
      path: agentPath(agent, signal),
      filters: { invocation, component, iostream, since, until },
    },
    title: `${agentKinds[agent.plural]} ${agent.namespace}/${agent.name}`,
    signal: controller.signal,
    interruption: () => interruption,
    close: release,
  };
}

/** Exit code after an interruption: following is ended by Ctrl-C as it should be; a read that is cut short says so. */
export function interruptedCode(
  reason: Interruption | undefined,
  { isFollowing }: { readonly isFollowing: boolean },
): number {
  if (reason === undefined || reason === "output-closed") return 0;
  return isFollowing && reason === "SIGINT" ? 0 : SIGNAL_EXIT_CODE[reason];
}

/** The sentence about a stream. */
export function describeNotice(notice: FollowNotice): string {
  switch (notice.kind) {
    case "interrupted":
      return `Connection lost, trying again: ${escapeControls(notice.reason)}`;
    case "resumed":
      return "Connected again; nothing is missing";
    case "gap":
      return "What came meanwhile was dropped by retention; going on from now";
  }
}
