/**
 * How a control process tells gateways what is desired: JSON lines over a Unix socket that only its user can reach,
 * which are served by the control process and followed by `feed-source.ts`. What is between two commits counts together.
 */
import type { ObjectReference } from "../crds/meta.ts";
import { shareParts } from "./canary-share.ts";
import type { SourceProblem } from "./control-api.ts";
import type { PolicyTrial } from "./policy-trial.ts";

/** Where the lines are asked for: GET, HTTP/1.1, answered by `application/x-ndjson` that goes on. */
export const OBJECT_FEED_PATH = "/v1/object-feed";

/** Where a gateway puts what it found out about the objects: PUT of an `ObjectReport`, answered by 204. */
export const OBJECT_REPORT_PATH = "/v1/object-report";

/** Longest line in characters; a larger object cannot be fed. */
export const maxFeedLineCharacters = 4 * 1024 * 1024;

/** Most objects that are taken, so that a broken feed cannot take all memory. */
export const maxFeedObjects = 200_000;

/** One line. */
export type FeedLine =
  /** All objects follow: those before count no more. The first line of every connection */
  | {
      readonly kind: "reset";
      /** Files and folders from which the control process takes objects */
      readonly directories: readonly string[];
    }
  /** An object is there, or there in this form now; as `parseAnyObject()` of `crds` takes it */
  | {
      readonly kind: "object";
      readonly object: unknown;
      /** Where it was written, if that is known: a file, and the line at which it begins */
      readonly file?: string;
      readonly line?: number;
    }
  | { readonly kind: "removed"; readonly object: ObjectReference }
  /** Why what was written last is not desired yet, such as a mistake in a file; none: it is. Counts at once */
  | { readonly kind: "problems"; readonly problems: readonly SourceProblem[] }
  /** What is tried on a share of agents; `null`: nothing is. Part of the change */
  | { readonly kind: "trial"; readonly trial: PolicyTrial<readonly unknown[]> | null }
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
      return { kind: "reset", directories: textsOf(Object(value).directories) };
    case "object":
      return "object" in value
        ? { kind: "object", object: value.object, ...placeOf(value) }
        : undefined;
    case "removed":
      return "object" in value && isReference(value.object)
        ? { kind: "removed", object: value.object }
        : undefined;
    case "problems":
      return "problems" in value && Array.isArray(value.problems)
        ? { kind: "problems", problems: value.problems.filter(isProblem) }
        : undefined;
    case "trial":
      return tryParseTrial(Object(value).trial);
    case "commit":
      return "resourceVersion" in value && typeof value.resourceVersion === "string"
        ? { kind: "commit", resourceVersion: value.resourceVersion }
        : undefined;
    default:
      return undefined;
  }
}

/** Without a meaning that is known it is none: all agents go on with what the others have. */
function tryParseTrial(value: unknown): FeedLine | undefined {
  if (value === null) return { kind: "trial", trial: null };
  const { side, share, objects } = Object(value);
  const { parts, seed } = Object(share);
  const isShare =
    Number.isSafeInteger(parts) &&
    parts >= 1 &&
    parts <= shareParts &&
    Number.isSafeInteger(seed) &&
    seed >= 0 &&
    seed <= 0xffff_ffff;
  const isNamed = typeof side === "string" && /^[a-z0-9-]{1,64}$/.test(side);
  if (!isShare || !isNamed || !Array.isArray(objects)) return { kind: "trial", trial: null };
  return { kind: "trial", trial: { side, share: { parts, seed }, objects } };
}

function placeOf(value: object): { file: string; line: number } | undefined {
  const { file, line } = Object(value);
  return typeof file === "string" && Number.isSafeInteger(line) ? { file, line } : undefined;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function isReference(value: unknown): value is ObjectReference {
  return hasTexts(value, ["kind", "namespace", "name"]);
}

function isProblem(value: unknown): value is SourceProblem {
  return hasTexts(value, ["file", "field", "message"]) && Number.isSafeInteger(Object(value).line);
}

function hasTexts(value: unknown, members: readonly string[]): boolean {
  return members.every((member) => typeof Object(value)[member] === "string");
}
