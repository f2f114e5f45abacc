/** `clrk logs`: what an agent wrote, and a line for each of its requests. */
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { createLogFormatter } from "../telemetry/log-lines.ts";
import type { TelemetryItem } from "../telemetry/otlp-document.ts";
import { readPages } from "../telemetry/telemetry-reader.ts";
import { printItems, withSession } from "../telemetry/telemetry-session.ts";
import type { TelemetryFlags, TelemetrySession } from "../telemetry/telemetry-session.ts";
import { toJsonLine } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface LogsFlags extends TelemetryFlags {
  readonly stream?: "stdout" | "stderr";
  readonly tail?: number;
  readonly output?: "json" | "text";
}

/** As `limit` of the API; more is asked for. */
const defaultLimit = 100;
/** Where times or an invocation say which */
const defaultScopedLimit = 1_000;

/** Prints log records, the oldest first; with `follow` goes on until it is interrupted. */
export async function logs(this: CliContext, flags: LogsFlags, word: string): Promise<void> {
  if (flags.tail !== undefined && flags.limit !== undefined) {
    throw new CliError("Cannot take both --tail and --limit: they mean the same", {
      exitCode: EXIT_CODE.usage,
    });
  }
  const { stream: iostream, ...others } = flags;
  await withSession(
    this,
    { ...others, ...(iostream !== undefined && { iostream }) },
    {
      about: { signal: "logs", word },
      work: (session) => printLogs(this, flags, session),
    },
  );
}

async function printLogs(
  context: CliContext,
  flags: LogsFlags,
  session: TelemetrySession,
): Promise<void> {
  const { stderr } = context.process;
  const print = createPrinter(context, flags);
  const isScoped = [flags.since, flags.until, flags.invocation].some((one) => one !== undefined);
  const limit = flags.tail ?? flags.limit ?? (isScoped ? defaultScopedLimit : defaultLimit);
  const { connect, query, signal } = session;
  const pages = await readPages(await connect(), query, { limit, signal });
  if (pages.hasMore && isScoped) {
    stderr.write(`There are more than these ${limit}: --limit N shows more\n`);
  }
  const none = `No logs of ${session.title}`;
  await printItems(context, session, { pages, follows: flags.follow === true, print, none });
}

function createPrinter({ process: { stdout, stderr } }: CliContext, { output }: LogsFlags) {
  const format = createLogFormatter(stdout.palette);
  return async (items: readonly TelemetryItem[]) => {
    for (const item of items) {
      if (output === "json") stdout.write(toJsonLine(item.document));
      else {
        const { lines, isStderr } = format(item);
        for (const line of lines) (isStderr ? stderr : stdout).write(`${line}\n`);
      }
      await stdout.drained?.();
    }
  };
}
