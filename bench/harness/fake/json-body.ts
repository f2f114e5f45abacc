/** The JSON object of a request's body. */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import type { ReceivedRequest } from "./received-request.ts";

/** The object, or undefined for anything that is none. */
export function tryParseObject(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // told apart from every JSON object by the caller
  }
}

/** Whether the body is said to be JSON. */
export function isJsonRequest({ headers }: ReceivedRequest): boolean {
  const { "content-type": contentType = "" } = headers;
  return /^application\/json\s*(;|$)/i.test(contentType);
}
