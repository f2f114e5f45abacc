/**
 * Calls as the providers' public references describe them, one a file, with what is to be read of each. `facts` is the
 * result, but for `contentEvent`: the index of the stream's first event with content.
 */
import { readFileSync, readdirSync } from "node:fs";
import { eventStreamType } from "../aws-event-stream.ts";
import type { ObservedCall } from "../call-observer.ts";
import { frameEvent, readBedrockFiles } from "./aws-bedrock-calls.ts";

/** One event of a recorded stream; a string as `data` is written as it is. */
export interface RecordedEvent {
  readonly event?: string;
  readonly data: unknown;
}

/** One recorded call. */
export interface RecordedCall {
  /** Folder and file, such as `openai/chat` */
  readonly name: string;
  /** Canonical name of the provider's folder */
  readonly provider: string;
  readonly path: string;
  readonly request: unknown;
  readonly status: number;
  readonly contentType: string;
  /** Of a plain answer */
  readonly answer?: unknown;
  /** Of a streamed one */
  readonly events?: readonly RecordedEvent[];
  readonly facts: Omit<ObservedCall, "timeToFirstTokenMs"> & { readonly contentEvent: number | null };
}

/** How a body is written: as small as it can be, spaced out over lines, or that with other line ends. */
export type Notation = "compact" | "spaced" | "crlf" | "cr";

/** Every notation. */
export const notations: readonly Notation[] = ["compact", "spaced", "crlf", "cr"];

/** All recorded calls. */
export function readRecordedCalls(): RecordedCall[] {
  return ["openai", "anthropic", "azure-openai", "google-genai", "google-vertex"].flatMap((provider) => {
    const folder = new URL(`${provider}/`, import.meta.url);
    const files = readdirSync(folder).toSorted();
    return files.map((file) => {
      const call: Omit<RecordedCall, "name" | "provider"> = JSON.parse(
        readFileSync(new URL(file, folder), "utf8"),
      );
      return { ...call, name: `${provider}/${file.replace(".json", "")}`, provider };
    });
  });
}

/** All recorded calls of Bedrock, whose streams have a framing of their own. */
export function readRecordedBedrockCalls(): RecordedCall[] {
  return readBedrockFiles().map(({ name, text }) => {
    const call: Omit<RecordedCall, "name" | "provider"> = JSON.parse(text);
    return { ...call, name, provider: "aws_bedrock" };
  });
}

/** The pieces of the answer's body: its events, or the one document. */
export function answerPieces(call: RecordedCall, notation: Notation): Buffer[] {
  if (call.events === undefined) return [jsonBody(call.answer, notation)];
  if (call.contentType === eventStreamType) {
    return call.events.map(({ event = "", data }) => frameEvent(event, jsonBody(data, notation).toString()));
  }
  if (!call.contentType.startsWith("text/event-stream")) return arrayPieces(call.events, notation);
  return call.events.map((event) => Buffer.from(renderEvent(event, notation)));
}

/** A JSON body. */
export function jsonBody(value: unknown, notation: Notation): Buffer {
  return Buffer.from(JSON.stringify(value, null, notation === "compact" ? 0 : 2));
}

/** Elements of an array, each with what stands before it. */
function arrayPieces(events: readonly RecordedEvent[], notation: Notation): Buffer[] {
  return events.map(({ data }, index) => {
    const before = index === 0 ? "[" : notation === "compact" ? "," : "\n,\r\n";
    const after = index === events.length - 1 ? "\n]" : "";
    return Buffer.from(`${before}${jsonBody(data, notation)}${after}`);
  });
}

function renderEvent({ event, data }: RecordedEvent, notation: Notation): string {
  const text = typeof data === "string" ? data : jsonBody(data, notation).toString();
  // A document over several lines is an event of several data fields
  const fields = text.split("\n").map((line) => (notation === "cr" ? `data:${line}` : `data: ${line}`));
  const lines = event === undefined ? fields : [`event: ${event}`, ...fields];
  const ends = { compact: "\n", spaced: "\n", crlf: "\r\n", cr: "\r" } as const;
  const comment = notation === "spaced" ? [": keep-alive"] : [];
  return [...comment, ...lines, "", ""].join(ends[notation]);
}
