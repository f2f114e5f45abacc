/**
 * Answers of MCP servers without what the agent may not have: lists of tools, resources, resource templates and prompts
 * are cut down to what is allowed, wherever they stand, in plain answers and in event streams. Calls are refused whether
 * they were listed or not: this only keeps agents from trying.
 */

import { EventFilter, eventPayload } from "../providers/event-filter.ts";
import { GrowingBytes } from "../providers/growing-bytes.ts";
import type { JsonObject, JsonValue } from "../providers/json-text.ts";
import { isJsonObject, parseJson, parseJsonText, writeJson } from "../providers/json-text.ts";
import { MCP_ERROR } from "./mcp/error-answer.ts";

/** Whether a list may name a thing. */
export type ShowsName = (kind: "tool" | "resource" | "prompt", name: string) => boolean;

/** Changes one answer as it passes. */
export interface McpAnswerFilter {
  /** What may pass, perhaps nothing. The chunk is borrowed, and what comes back may lie in its memory */
  write(chunk: Buffer): Buffer;
  /** What is left when nothing follows */
  end(): Buffer;
}

/** Bytes of a plain answer, or of one event, that are held; lists of tools come nowhere near it. */
const longestHeld = 8 * 1024 * 1024;

const nothing = Buffer.alloc(0);
const lineEnd = /\r\n|\r|\n/;

/** The members of results that list things, and by which of their members those are named. */
const lists = [
  { key: "tools", kind: "tool", name: "name" },
  { key: "resources", kind: "resource", name: "uri" },
  { key: "resourceTemplates", kind: "resource", name: "uriTemplate" },
  { key: "prompts", kind: "prompt", name: "name" },
] as const;

/** A filter for an event stream. An event that is too long to be read is left out. */
export function createStreamFilter(shows: ShowsName): McpAnswerFilter {
  const replace = (event: Buffer) => filterEvent(event, shows);
  const events = new EventFilter({ longestHeld, longer: "drop", replace });
  return {
    write: (chunk) => events.write(chunk),
    // Some clients take an event that the end of the stream cuts off for a whole one.
    end: () => filterEvent(events.end(), shows),
  };
}

/** A filter for a plain answer, which passes whole at its end. One that cannot be read is replaced by an error. */
export function createPlainFilter(shows: ShowsName): McpAnswerFilter {
  return new PlainFilter(shows);
}

class PlainFilter implements McpAnswerFilter {
  readonly #shows: ShowsName;
  readonly #held = new GrowingBytes();
  #isLong = false;

  constructor(shows: ShowsName) {
    this.#shows = shows;
  }

  write(chunk: Buffer): Buffer {
    if (this.#isLong) return nothing;
    this.#isLong = this.#held.length + chunk.length > longestHeld;
    if (this.#isLong) this.#held.clear();
    else this.#held.append(chunk, 0, chunk.length);
    return nothing;
  }

  end(): Buffer {
    if (this.#isLong) return unreadable;
    const body = this.#held.take();
    if (body.length === 0) return body;
    const parsed = parseJson(body);
    if (parsed.kind === "malformed") return unreadable;
    const filtered = filterValue(parsed.value, this.#shows);
    return filtered === undefined ? body : Buffer.from(writeJson(filtered));
  }
}

const unreadable = Buffer.from(
  `{"jsonrpc":"2.0","error":{"code":${MCP_ERROR.parseError},"message":"The gateway cannot read the server's answer, which may list what is refused"}}`,
);

/** An event whose data is a message with a list, with less in it; any other as it is. */
function filterEvent(event: Buffer, shows: ShowsName): Buffer {
  const text = event.toString("utf8");
  const parsed = parseJsonText(eventPayload(text));
  if (parsed.kind === "malformed") return event;
  const filtered = filterValue(parsed.value, shows);
  if (filtered === undefined) return event;
  const others = text.split(lineEnd).filter((line) => line !== "" && !/^data(?::|$)/.test(line));
  return Buffer.from([...others, `data: ${writeJson(filtered)}`, "", ""].join("\n"));
}

/** The message or batch with its lists cut down; undefined where nothing is to be taken out. */
function filterValue(value: JsonValue, shows: ShowsName): JsonValue | undefined {
  if (isList(value)) {
    const filtered = value.map((message) => filterMessage(message, shows));
    const isSame = filtered.every((message) => message === undefined);
    return isSame ? undefined : value.map((message, index) => filtered[index] ?? message);
  }
  return filterMessage(value, shows);
}

function filterMessage(message: JsonValue, shows: ShowsName): JsonObject | undefined {
  if (!isJsonObject(message)) return undefined;
  const { result: sent } = message;
  if (!isJsonObject(sent)) return undefined;
  let result = sent;
  let isSame = true;
  for (const { key, kind, name } of lists) {
    const list = result[key];
    if (!isList(list)) continue;
    const kept = list.filter((item) => {
      const named = isJsonObject(item) ? item[name] : undefined;
      return typeof named !== "string" || shows(kind, named);
    });
    if (kept.length === list.length) continue;
    result = { ...result, [key]: kept };
    isSame = false;
  }
  return isSame ? undefined : { ...message, result };
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
