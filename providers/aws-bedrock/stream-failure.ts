/** Failures in the middle of Bedrock's streams, both ways. */

import { encodeEventStreamHeaders } from "../aws-event-stream-headers.ts";
import type { EventStreamMessage } from "../aws-event-stream.ts";
import { encodeEventStreamMessage, textHeader } from "../aws-event-stream.ts";
import type { ModelError } from "../ir.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { decodeStreamException, streamExceptionOf } from "./error-codec.ts";

/** Reads a message as a failure; null when it is an event. */
export function decodeStreamFailure(message: EventStreamMessage): ModelError | null {
  switch (textHeader(message, ":message-type")) {
    case "exception": {
      const parsed = parseJson(message.payload);
      const body = parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
      return decodeStreamException(textHeader(message, ":exception-type") ?? "", body);
    }
    case "error": {
      const text = textHeader(message, ":error-message") ?? "";
      return decodeStreamException(textHeader(message, ":error-code") ?? "", { message: text });
    }
    default:
      return null;
  }
}

/** Writes a failure as the message that the SDKs raise. */
export function encodeStreamFailure({ kind, message }: ModelError): Buffer {
  return encodeEventStreamMessage({
    headers: encodeMessageHeaders("exception", streamExceptionOf(kind)),
    payload: writeJson({ message }),
  });
}

/** Headers of a message whose payload is JSON; an event's or an exception's type is its name in the API. */
export function encodeMessageHeaders(message: "event" | "exception", type: string): Buffer {
  const text = (value: string) => ({ kind: "string", value }) as const;
  return encodeEventStreamHeaders(
    new Map([
      [`:${message}-type`, text(type)],
      [":content-type", text("application/json")],
      [":message-type", text(message)],
    ]),
  );
}

/** The failure of a stream that cannot be read; the clause says why. */
export function brokenStream(clause: string): ModelError {
  const message = `The provider's stream is broken: ${clause}`;
  return { status: 502, kind: "server", message, code: null };
}
