/** The answer to one request to an MCP server as it passes: lists without what is refused, and what became of its calls. */

import type { McpAnswerFilter } from "../gateway/mcp-answer-filter.ts";
import { createPlainFilter, createStreamFilter } from "../gateway/mcp-answer-filter.ts";
import type { McpAnswerReader } from "../gateway/mcp-answer-reader.ts";
import { createAnswerReader } from "../gateway/mcp-answer-reader.ts";
import type { McpHead, McpJudge } from "../gateway/mcp-judge.ts";
import { answerForm } from "./mcp-exchange.ts";
import { encodeBodyReply, encodeHeadersReply } from "./mutation.ts";
import { replyCommands } from "./session-replies.ts";
import type { SessionCommand } from "./commands.ts";
import type { HeaderView } from "./transaction-message.ts";

/** What an answer is read and filtered by. */
export interface McpAnswerOptions {
  readonly judge: McpJudge;
  readonly head: McpHead | undefined;
  /** The answer may name what is refused */
  readonly filters: boolean;
  /** What ids of the requests are compared by */
  readonly ids: ReadonlySet<string>;
  /** Somebody else reads the body too */
  readonly isObserved: boolean;
}

const noBytes = Buffer.alloc(0);

/** One answer, whose body has not begun. */
export class McpAnswer {
  readonly #filter: McpAnswerFilter | undefined;
  /** What it says of each request; undefined where nobody can tell */
  readonly reader: McpAnswerReader | undefined;
  readonly #isObserved: boolean;

  private constructor(
    filter: McpAnswerFilter | undefined,
    reader: McpAnswerReader | undefined,
    isObserved: boolean,
  ) {
    this.#filter = filter;
    this.reader = reader;
    this.#isObserved = isObserved;
  }

  /** The answer that these headers begin; `compressed` where it would have to be filtered and cannot be read. */
  static begin(headers: HeaderView, options: McpAnswerOptions): McpAnswer | "compressed" {
    const filter = options.filters ? createFilter(headers, options) : undefined;
    if (filter === "compressed") return filter;
    const reader = createAnswerReader(answerForm(headers), options.ids);
    return new McpAnswer(filter, reader, options.isObserved);
  }

  /** The reply to its headers. */
  get headersReply(): Buffer {
    const isShown = this.#isObserved || this.#filter !== undefined || this.reader !== undefined;
    return encodeHeadersReply("response-headers", {
      set: [],
      remove: this.#filter === undefined ? [] : ["content-length", "etag", "digest"],
      mode: {
        request: "none",
        response: isShown ? "streamed" : "none",
        responseHeaders: "send",
      },
    });
  }

  /** Takes a piece of the body, which stays the caller's, and gives what goes on in its place. */
  onBody(body: Buffer, endOfStream: boolean): readonly SessionCommand[] {
    this.reader?.write(body);
    if (endOfStream) this.reader?.end();
    const filter = this.#filter;
    if (filter === undefined) return replyCommands["response-body"];
    const passed = body.length === 0 ? noBytes : filter.write(body);
    const sent = endOfStream ? Buffer.concat([passed, filter.end()]) : passed;
    return [{ kind: "send", bytes: encodeBodyReply("response-body", { body: sent }) }];
  }
}

function createFilter(
  headers: HeaderView,
  { head, judge }: McpAnswerOptions,
): McpAnswerFilter | "compressed" | undefined {
  const isSuccess = (headers.find(":status") ?? "").startsWith("2");
  const type = (headers.find("content-type") ?? "").trim().toLowerCase();
  const isStream = type.startsWith("text/event-stream");
  if (head === undefined || !isSuccess) return undefined;
  if (!isStream && !type.startsWith("application/json")) return undefined;
  const coding = (headers.find("content-encoding") ?? "").trim().toLowerCase();
  if (coding !== "" && coding !== "identity") return "compressed";
  const shows = judge.shows(head);
  return isStream ? createStreamFilter(shows) : createPlainFilter(shows);
}
