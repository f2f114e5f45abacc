/** Requests at the edges of merging and patching, in order; those on which we differ from Kubernetes say why. */
import type { JsonMap, JsonValue } from "../../control/apiserver/json-tree.ts";
import { LAST_APPLIED_ANNOTATION } from "../../control/apiserver/apply/last-applied.ts";
import { widget } from "../../control/apiserver/apply/testdata/widget.ts";
import type { OracleStep } from "./ownership-oracle.ts";

/** One request, and why the outcome is another one where it is. */
export interface OwnershipCase {
  readonly what: string;
  /** Made of the object that the server has */
  readonly step: (live: JsonMap | undefined) => OracleStep;
  /** Why ours is not as theirs; the difference must be there */
  readonly differs?: string;
}

const name = "edge";

const goNames = "Kubernetes prints the inside of a Go value; ours names the type";
const allAtOnce = "Kubernetes tells one unknown field of them, ours all";
const noDetail = "Kubernetes keeps to itself what does not fit; ours says which operation and why";
const strict = "RFC 6902 wants it, Kubernetes takes null instead";
const decoder = "Kubernetes prints the message of Go's JSON decoder";
const laterCheck = "ours refuses while merging what Kubernetes refuses right afterwards";

/** Cases on one widget, of the name `edge`. */
export const widgetCases: readonly OwnershipCase[] = [
  apply("an unknown field", { nope: 1 }),
  apply("two unknown fields", { nope: 1, also: 2 }, { differs: allAtOnce }),
  apply("a text for a number", { size: "x" }),
  apply("a number for a text", { name: 1 }, { differs: goNames }),
  apply("a text for a flag", { on: "x" }, { differs: goNames }),
  apply("a map for a number or text", { either: {} }, { differs: laterCheck }),
  apply("a list for a map", { inner: [] }, { differs: goNames }),
  apply("a map for a list", { tags: {} }, { differs: goNames }),
  apply("a map in a set", { tags: [{}] }),
  apply("null in a set", { tags: [null] }),
  apply("a value twice in a set", { tags: ["a", "a"] }),
  apply("an item twice by a defaulted key", {
    ports: [{ number: 1 }, { number: 1, protocol: "TCP" }],
  }),
  apply("a text in a list of items", { ports: ["x"] }),
  apply("a number in a map of texts", { free: { a: 1 } }, { differs: goNames }),
  {
    what: "managedFields in an applied object",
    step: () => ({
      ...applied({}),
      body: widget(name, { spec: {} }, { managedFields: [] }),
    }),
  },
  apply(
    "a first object",
    { size: 1, inner: { first: "a" }, tags: ["b", "a"] },
    {
      metadata: {
        finalizers: ["bench.clrk.dev/wait"],
        annotations: { a: "b" },
        ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "u1" }],
      },
    },
  ),
  patch("a container taken away by another manager", "merge", { spec: { inner: null, size: 2 } }),
  apply("two conflicts", { size: 1, inner: { first: "q" }, tags: ["a"] }),
  apply(
    "the same by force, and one field less",
    { size: 1, inner: { first: "q" } },
    { force: true },
  ),
  {
    what: "managedFields replaced by a writer",
    step: (live) => ({ ...applied({}), way: "replace", manager: "cleo", body: withOneEntry(live) }),
  },
  patch("managedFields turned off", "merge", { metadata: { managedFields: [{}] } }),
  patch("an update without owners", "merge", { spec: { size: 3 } }),
  apply("an apply over what has no owner", { size: 4 }),
  apply("the same by force", { size: 4 }, { force: true }),
  ...Array.from({ length: 14 }, (_, index) => ({
    what: `writer ${index} of too many`,
    step: () => ({
      ...applied({}),
      way: "merge" as const,
      manager: `writer-${index}`,
      body: { spec: { free: { [`k${index}`]: "v" } } },
    }),
  })),
  {
    what: "a writer without a name",
    step: () => ({ ...applied({}), way: "merge", manager: "", body: { spec: { size: 10 } } }),
  },
  patch("operations on a list", "json", [
    { op: "test", path: "/spec/size", value: 10 },
    { op: "add", path: "/spec/plain", value: ["a"] },
    { op: "add", path: "/spec/plain/-", value: "b" },
    { op: "add", path: "/spec/plain/-1", value: "c" },
    { op: "move", from: "/spec/plain/0", path: "/spec/plain/2" },
    { op: "copy", from: "/spec/plain/0", path: "/spec/name" },
  ]),
  operation({ op: "test", path: "/spec/size", value: 99 }, noDetail),
  operation({ op: "test", path: "/spec/nope", value: null }),
  operation({ op: "remove", path: "/spec/nope" }, noDetail),
  operation({ op: "remove", path: "/spec/nope/deep" }, noDetail),
  operation({ op: "replace", path: "/spec/nope", value: 1 }),
  operation({ op: "replace", path: "/spec/plain/9", value: "x" }, noDetail),
  operation({ op: "add", path: "/spec/plain/9", value: "x" }, noDetail),
  operation({ op: "add", path: "/spec/plain/01", value: "x" }, noDetail),
  operation({ op: "add", path: "/spec/nope/deep", value: 1 }, noDetail),
  operation({ op: "bogus", path: "/spec" }, noDetail),
  operation({ op: "copy", path: "/spec/name" }, noDetail),
  operation({ op: "move", from: "/spec/free", path: "/spec/free/x" }, noDetail),
  operation({ op: "replace", path: "/spec/size/deep", value: 1 }, noDetail),
  operation({ op: "add", path: "/spec/free/z" }, strict),
  operation({ op: "copy", from: "/spec/either", path: "/spec/free/y" }, strict),
  patch("operations that are no list", "json", { op: "add" }, decoder),
  patch("an operation that is no object", "json", ["x"], decoder),
  patch(
    "too many operations",
    "json",
    Array.from({ length: 10_001 }, () => ({ op: "test", path: "/spec/size", value: 10 })),
  ),
  patch("a merge patch that is a list", "merge", [], decoder),
  patch("a merge patch that is null", "merge", null, "ours says what is wanted"),
];

/** The way of an object from apply on the client's side to apply on the server's. */
export const takeOverCases: readonly OwnershipCase[] = [
  {
    what: "an apply on the client's side",
    step: () => ({
      ...applied({}),
      way: "create",
      manager: "kubectl-client-side-apply",
      body: widget(
        name,
        { spec: { size: 1, inner: { first: "a" } } },
        {
          annotations: {
            [LAST_APPLIED_ANNOTATION]: lastApplied({ size: 1, inner: { first: "a" } }),
          },
        },
      ),
    }),
  },
  apply(
    "kubectl's apply on the server's side",
    { size: 2, inner: { first: "b" } },
    { manager: "kubectl" },
  ),
  patch("an edit in between", "merge", { spec: { size: 3 } }),
  apply(
    "what was edited is a conflict",
    { size: 2, inner: { first: "c" } },
    { manager: "kubectl" },
  ),
];

function applied(spec: JsonMap): OracleStep {
  return { way: "apply", name, manager: "anna", body: widget(name, { spec }) };
}

interface CaseOptions {
  readonly differs?: string;
  readonly force?: boolean;
  readonly manager?: string;
  readonly metadata?: JsonMap;
}

function apply(what: string, spec: JsonMap, options: CaseOptions = {}): OwnershipCase {
  const { differs, force = false, manager = "anna", metadata } = options;
  const body = widget(name, { spec }, metadata);
  return {
    what,
    step: () => ({ way: "apply", name, manager, force, body }),
    ...(differs !== undefined && { differs }),
  };
}

function patch(
  what: string,
  way: "merge" | "json",
  body: JsonValue,
  differs?: string,
): OwnershipCase {
  return {
    what,
    step: () => ({ way, name, manager: "bert", body }),
    ...(differs !== undefined && { differs }),
  };
}

function operation(item: JsonMap, differs?: string): OwnershipCase {
  return patch(JSON.stringify(item), "json", [item], differs);
}

function withOneEntry(live: JsonMap | undefined): JsonMap {
  const text = JSON.stringify(live);
  const object = JSON.parse(text);
  object.metadata.managedFields = object.metadata.managedFields.slice(0, 1);
  return object;
}

function lastApplied(spec: JsonMap): string {
  return `${JSON.stringify(widget(name, { spec }))}\n`;
}
