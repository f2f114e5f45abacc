/** `clrk traces`: what an agent did, as a tree on a terminal, else as OTLP/JSON with a span a line. */
import type { CliContext } from "../cli-context.ts";
import type { TelemetryItem } from "../telemetry/otlp-document.ts";
import { follow, readPages } from "../telemetry/telemetry-reader.ts";
import type { FollowNotice, TelemetryPages } from "../telemetry/telemetry-reader.ts";
import { describeNotice, printItems, withSession } from "../telemetry/telemetry-session.ts";
import type { TelemetryFlags, TelemetrySession } from "../telemetry/telemetry-session.ts";
import { toJsonLine } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface TracesFlags extends TelemetryFlags {
  readonly raw?: boolean;
  readonly output?: "json";
}

/** As `limit` of the API; more is asked for. */
const defaultLimit = 100;
/** A person scrolls */
const defaultScreenLimit = 1_000;

/** Shows spans; with `follow` goes on until it is interrupted, or the screen is left. */
export async function traces(this: CliContext, flags: TracesFlags, word: string): Promise<void> {
  const isRaw = flags.raw === true || flags.output === "json";
  const { terminal } = this;
  await withSession(this, flags, {
    about: { signal: "traces", word },
    work: (session) =>
      isRaw || terminal === undefined
        ? printSpans(this, flags, session)
        : showSpans({ context: this, flags, session, terminal }),
  });
}

async function printSpans(
  context: CliContext,
  flags: TracesFlags,
  session: TelemetrySession,
): Promise<void> {
  const { stdout } = context.process;
  const { limit = defaultLimit } = flags;
  const { connect, query, signal } = session;
  const pages = await readPages(await connect(), query, { limit, signal });
  const print = async (items: readonly TelemetryItem[]) => {
    for (const { document } of items) {
      stdout.write(toJsonLine(document));
      await stdout.drained?.();
    }
  };
  const none = `No spans of ${session.title}`;
  await printItems(context, session, { pages, follows: flags.follow === true, print, none });
}

interface ScreenOptions {
  readonly context: CliContext;
  readonly flags: TracesFlags;
  readonly session: TelemetrySession;
  readonly terminal: NonNullable<CliContext["terminal"]>;
}

async function showSpans({ context, flags, session, terminal }: ScreenOptions): Promise<void> {
  const { limit = defaultScreenLimit } = flags;
  const { connect, query, signal, title } = session;
  const pages = await readPages(await connect(), query, { limit, signal });
  const isFollowing = flags.follow === true;
  const { openTraceScreen } = await import("../telemetry/trace-screen.ts");
  const screen = await openTraceScreen({
    streams: terminal,
    palette: context.process.stdout.palette,
    title,
    items: pages.items,
    liveness: livenessOf(pages, { isFollowing }),
  });
  const left = new AbortController();
  const close = () => void screen.close();
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  try {
    const ended = screen.ended.finally(() => left.abort());
    if (isFollowing) {
      const tell = (notice: FollowNotice) =>
        screen.setLiveness(
          notice.kind === "resumed" ? "following" : describeNotice(notice).toLowerCase(),
        );
      const { position: after } = pages;
      for await (const items of follow({ connect, query, after, signal: left.signal, tell })) {
        screen.add(items);
      }
    }
    const error = await ended;
    if (error !== undefined) throw error;
  } finally {
    signal.removeEventListener("abort", close);
    await screen.close();
  }
}

function livenessOf({ hasMore }: TelemetryPages, options: { readonly isFollowing: boolean }) {
  if (options.isFollowing) return "following";
  return hasMore ? "not following, older ones not shown" : "not following";
}
