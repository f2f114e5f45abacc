/** What a watch asks for in its URL: where it begins, for how long, and what it is told besides. */
import { readRevision } from "./list-request.ts";
import { choosePresentation } from "./presentation.ts";
import type { Presentation } from "./presentation.ts";
import { isSet } from "./request-target.ts";
import { badRequest, revisionTooLarge } from "./status-error.ts";

/** How a watch was asked for. */
export interface WatchRequest {
  readonly presentation: Presentation;
  /** Only changes after this revision; absent: first what is there now */
  readonly after?: number;
  readonly wantsBookmarks: boolean;
  /** Whether a bookmark must say where what is there ends (`sendInitialEvents`) */
  readonly marksInitialEvents: boolean;
  readonly timeoutMs: number;
}

/** A watch that says no time ends after 30 to 60 minutes, as in Kubernetes: clients come back spread over time. */
const shortestTimeoutMs = 1_800_000;
const longestTimeoutSeconds = 86_400;

/** Reads it; `revision` is that of the last change. Throws a 400 for what is no watch, 504 for a revision yet to come. */
export function readWatch(
  accept: string | undefined,
  query: URLSearchParams,
  revision: number,
): WatchRequest {
  const presentation = choosePresentation(accept, query);
  if (presentation.encoding !== "json") throw badRequest("a watch is sent as JSON only");
  return {
    presentation,
    ...readStart(query, revision),
    wantsBookmarks: isSet(query, "allowWatchBookmarks"),
    timeoutMs: readTimeoutMs(query),
  };
}

/** Without a version, or with 0, a watch begins with what is there; `sendInitialEvents` asks for that in any case. */
function readStart(query: URLSearchParams, revision: number) {
  const wanted = readRevision(query.get("resourceVersion"));
  if (wanted !== undefined && wanted > revision) throw revisionTooLarge(wanted, revision);
  const sends = query.get("sendInitialEvents");
  if (sends !== null) {
    if (query.get("resourceVersionMatch") !== "NotOlderThan") {
      throw badRequest('sendInitialEvents needs resourceVersionMatch "NotOlderThan"');
    }
    if (isSet(query, "sendInitialEvents")) {
      return { marksInitialEvents: isSet(query, "allowWatchBookmarks") };
    }
    return {
      marksInitialEvents: false,
      after: wanted === undefined || wanted === 0 ? revision : wanted,
    };
  }
  const isFromNow = wanted === undefined || wanted === 0;
  return { marksInitialEvents: false, ...(!isFromNow && { after: wanted }) };
}

function readTimeoutMs(query: URLSearchParams): number {
  const text = query.get("timeoutSeconds");
  if (text === null || text === "" || text === "0") {
    return shortestTimeoutMs * (1 + Math.random());
  }
  if (!/^\d{1,9}$/.test(text))
    throw badRequest(`timeoutSeconds "${text.slice(0, 40)}" is no whole number`);
  return Math.min(Number(text), longestTimeoutSeconds) * 1_000;
}
