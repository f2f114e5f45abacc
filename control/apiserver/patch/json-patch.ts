/**
 * JSON patch (RFC 6902): operations in order, all or none. No npm package: the known ones change the document in place,
 * bound neither operations nor copies, and their messages are not those that users of Kubernetes know.
 */
import { equalJson, isJsonList, isJsonMap, isShallow, ownString, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { changeAt, copiesAt, itemIndex, tryParsePointer, valueAt } from "./json-pointer.ts";
import type { ContainerChange } from "./json-pointer.ts";
import { refuse } from "./patch-outcome.ts";
import type { PatchOutcome } from "./patch-outcome.ts";

/** Operations in one patch (Kubernetes' own limit). */
export const maxPatchOperations = 10_000;

/** Bytes of JSON that the `copy` operations of one patch may add (Kubernetes' own limit): copies of copies double. */
export const maxCopiedBytes = 3 * 1024 * 1024;

/** Keys and items that one patch may copy in all: about a second of work, where many operations meet a large list. */
export const maxCopiedItems = 10_000_000;

/** The patched object; 422 where an operation does not fit the object, and the object stays as it is. */
export function jsonPatch(object: JsonMap, patch: JsonValue): PatchOutcome {
  if (!isJsonList(patch))
    return refuse("BadRequest", "error decoding patch: a JSON patch must be a list of operations");
  if (patch.length > maxPatchOperations) {
    return refuse(
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxPatchOperations}, got ${patch.length}`,
    );
  }
  const run: Run = { copiedBytes: 0, copiedItems: 0 };
  let document: JsonValue = object;
  for (const item of patch) {
    if (!isJsonMap(item)) {
      return refuse("BadRequest", "error decoding patch: an operation must be a JSON object");
    }
    const operation = parseOperation(item);
    if (typeof operation === "string") return refuse("Invalid", operation);
    run.copiedItems += copiesAt(document, operation.path.keys);
    if (operation.from !== operation.path)
      run.copiedItems += copiesAt(document, operation.from.keys);
    if (run.copiedItems > maxCopiedItems) return refuse("RequestEntityTooLarge", tooMuchWork);
    const changed = perform(document, operation, run);
    if (typeof changed === "string") return refuse("Invalid", changed);
    document = changed.document;
  }
  if (!isJsonMap(document)) return refuse("Invalid", "the patched object is no JSON object");
  // Copies into copies may nest deeper than either the object or the patch.
  if (!isShallow(document)) return refuse("Invalid", "the patched object is nested too deeply");
  return { kind: "patched", object: document };
}

interface Operation {
  readonly op: string;
  readonly path: Pointer;
  /** Only of `move` and `copy`; the path itself for the others */
  readonly from: Pointer;
  /** Undefined where the operation has none */
  readonly value: JsonValue | undefined;
}

interface Pointer {
  readonly text: string;
  readonly keys: readonly string[];
}

const tooMuchWork = `Request entity too large: The operations of the JSON patch change containers of more than ${maxCopiedItems} keys and items together`;

interface Run {
  copiedItems: number;
  copiedBytes: number;
}

/** The changed document, or why it cannot be changed. */
type Step = { readonly document: JsonValue } | string;

const operations = new Set(["add", "remove", "replace", "move", "copy", "test"]);

function parseOperation(item: JsonMap): Operation | string {
  const op = ownString(item, "op");
  if (op === undefined) return "a JSON patch operation must have an op";
  if (!operations.has(op)) return `Unexpected kind: ${op}`;
  const path = parsePointer(ownString(item, "path"));
  const from = parsePointer(ownString(item, "from"));
  const value = ownValue(item, "value");
  if (path === undefined) return `${op} operation: "path" must be a JSON pointer`;
  if ((op === "move" || op === "copy") && from === undefined) {
    return `${op} operation: "from" must be a JSON pointer`;
  }
  if ((op === "add" || op === "replace") && value === undefined) {
    return `${op} operation: "value" is missing`;
  }
  if (value !== undefined && !isShallow(value))
    return `${op} operation: "value" is nested too deeply`;
  return { op, path, from: from ?? path, value };
}

function parsePointer(text: string | undefined): Pointer | undefined {
  const keys = text === undefined ? undefined : tryParsePointer(text);
  return text === undefined || keys === undefined ? undefined : { text, keys };
}

function perform(document: JsonValue, operation: Operation, run: Run): Step {
  const { op, path, from, value = null } = operation;
  switch (op) {
    case "add":
      return add(document, path, { value, op });
    case "remove":
      return remove(document, path, op);
    case "replace":
      return replace(document, path, value);
    case "move":
      return move(document, from, path);
    case "copy":
      return copy(document, { from, path, run });
    default:
      return test(document, path, value);
  }
}

function add(
  document: JsonValue,
  path: Pointer,
  { value, op }: { readonly value: JsonValue; readonly op: string },
): Step {
  if (path.keys.length === 0) return { document: value };
  const change: ContainerChange = (container, key) => {
    if (!isJsonList(container)) return { ...container, ...Object.fromEntries([[key, value]]) };
    const index = key === "-" ? container.length : insertIndex(key, container.length);
    if (index === undefined) return invalidIndex(key);
    return container.toSpliced(index, 0, value);
  };
  return settle(changeAt(document, path.keys, change), op, path);
}

function remove(document: JsonValue, path: Pointer, op: string): Step {
  const change: ContainerChange = (container, key) => {
    if (isJsonList(container)) {
      const index = itemIndex(key, container.length);
      return index === undefined ? invalidIndex(key) : container.toSpliced(index, 1);
    }
    if (!Object.hasOwn(container, key))
      return `Unable to remove nonexistent key: ${key}: missing value`;
    const entries = new Map(Object.entries(container));
    entries.delete(key);
    return Object.fromEntries(entries);
  };
  return settle(changeAt(document, path.keys, change), op, path);
}

/** As in Kubernetes a key that is not there is set all the same; an item of a list must be there. */
function replace(document: JsonValue, path: Pointer, value: JsonValue): Step {
  if (path.keys.length === 0) return { document: value };
  const change: ContainerChange = (container, key) => {
    if (!isJsonList(container)) return { ...container, ...Object.fromEntries([[key, value]]) };
    const index = itemIndex(key, container.length);
    return index === undefined ? invalidIndex(key) : container.with(index, value);
  };
  return settle(changeAt(document, path.keys, change), "replace", path);
}

function move(document: JsonValue, from: Pointer, path: Pointer): Step {
  const value = valueAt(document, from.keys);
  if (value === undefined) {
    return `move operation does not apply: doc is missing from path: ${from.text}: missing value`;
  }
  const isInside =
    path.keys.length > from.keys.length && from.keys.every((key, at) => key === path.keys[at]);
  if (isInside) return `move operation does not apply: "${path.text}" is inside "${from.text}"`;
  const without = remove(document, from, "move");
  return typeof without === "string" ? without : add(without.document, path, { value, op: "move" });
}

function copy(
  document: JsonValue,
  { from, path, run }: { readonly from: Pointer; readonly path: Pointer; readonly run: Run },
): Step {
  const value = valueAt(document, from.keys);
  if (value === undefined) {
    return `copy operation does not apply: doc is missing from path: ${from.text}: missing value`;
  }
  run.copiedBytes += Buffer.byteLength(JSON.stringify(value));
  if (run.copiedBytes > maxCopiedBytes) {
    return `Unable to complete the copy, the accumulated size increase of copy is ${run.copiedBytes}, exceeding the limit ${maxCopiedBytes}`;
  }
  return add(document, path, { value, op: "copy" });
}

function test(document: JsonValue, path: Pointer, wanted: JsonValue): Step {
  // A value that is not there passes for null, as in Kubernetes.
  const found = valueAt(document, path.keys) ?? null;
  return equalJson(found, wanted) ? { document } : `testing value ${path.text} failed: test failed`;
}

function settle(
  outcome: { readonly document: JsonValue } | string | undefined,
  op: string,
  path: Pointer,
): Step {
  if (outcome === undefined) {
    return `${op} operation does not apply: doc is missing path: "${path.text}": missing value`;
  }
  return typeof outcome === "string"
    ? `error in ${op} for path: '${path.text}': ${outcome}`
    : outcome;
}

/** Where an item may be put in: before one that is there, or at the end; -1 is the end as well. */
function insertIndex(key: string, length: number): number | undefined {
  if (!/^(?:0|-?[1-9]\d{0,9})$/.test(key)) return undefined;
  const index = Number(key) < 0 ? Number(key) + length + 1 : Number(key);
  return index >= 0 && index <= length ? index : undefined;
}

function invalidIndex(key: string): string {
  return `Unable to access invalid index: ${key}: invalid index referenced`;
}
