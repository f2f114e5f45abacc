/**
 * How a control process tells gateways what is desired: JSON lines over a Unix socket that only its user can reach,
 * which are served by the control process and followed by `feed-source.ts`. What is between two commits counts together.
 */
import type { ObjectReference } from "../crds/meta.ts";

/** Where the lines are asked for: GET, HTTP/1.1, answered by `application/x-ndjson` that goes on. */
export const OBJECT_FEED_PATH = "/v1/object-feed";

/** Longest line in characters; a larger object cannot be fed. */
export const maxFeedLineCharacters = 4 * 1024 * 1024;

/** Most objects that are taken, so that a broken feed cannot take all memory. */
export const maxFeedObjects = 200_000;

/** One line. */
export type FeedLine =
  /** All objects follow: those before count no more. The first line of every connection */
  | { readonly kind: "reset" }
  /** An object is there, or there in this form now; as `parseAnyObject()` of `crds` takes it */
  | { readonly kind: "object"; readonly object: unknown }
  | { readonly kind: "removed"; readonly object: ObjectReference }
  /** The lines since the last commit are one change */
  | { readonly kind: "commit"; readonly resourceVersion: string };

/** Reads a line; undefined for what is none. Lines of kinds that a newer process may have are none. */
export function tryParseFeedLine(text: string): FeedLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // cut in the middle by the end of the process
  }
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  switch (value.kind) {
    case "reset":
      return { kind: "reset" };
    case "object":
      return "object" in value ? { kind: "object", object: value.object } : undefined;
    case "removed":
      return "object" in value && isReference(value.object)
        ? { kind: "removed", object: value.object }
        : undefined;
    case "commit":
      return "resourceVersion" in value && typeof value.resourceVersion === "string"
        ? { kind: "commit", resourceVersion: value.resourceVersion }
        : undefined;
    default:
      return undefined;
  }
}

function isReference(value: unknown): value is ObjectReference {
  if (typeof value !== "object" || value === null) return false;
  return ["kind", "namespace", "name"].every(
    (member) => typeof Reflect.get(value, member) === "string",
  );
}
