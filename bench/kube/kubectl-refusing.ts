/** The chapter on what both servers refuse. The words may be each server's own; the fields complained of may not. */
import { example, manifest, small } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const noSecondDocument =
  "kubectl asks for OpenAPI v2 when it does not find a kind in v3; ours serves no v2, and kubectl says so";

const named = (name: string, metadata: object = {}): string =>
  manifest(example("Backend", "x", { metadata: { name, ...metadata } }));
const gatewayWith = (spec: object): string => manifest(example("EgressGateway", "bad", { spec }));
const bare = (object: object): string =>
  manifest({ apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "Backend", ...object });
const owner = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "u" };

/** Names, metadata, fields, types, bounds, and what is no object of ours at all. */
export const refuseChapter = {
  name: "refusing",
  steps: [
    ...["Upper", "under_score", "-dash", "a..b"].map((name) =>
      refuse(`a name ${name}`, named(name)),
    ),
    refuse("a name of 254 letters", named("x".repeat(254))),
    refuse("a label key", named("x", { labels: { "a b": "c" } })),
    refuse("a label value", named("x", { labels: { a: "c d" } })),
    refuse("an annotation key", named("x", { annotations: { "a b": "c" } })),
    refuse("a finalizer", named("x", { finalizers: ["a b"] })),
    refuse("an owner without uid", named("x", { ownerReferences: [{ ...owner, uid: "" }] })),
    refuse("an owner without name", named("x", { ownerReferences: [{ ...owner, name: "" }] })),
    refuse("an unknown field", gatewayWith({ nothing: 1 }), { isRefusal: false }),
    refuse("two unknown fields", gatewayWith({ nothing: 1, also: 2 }), { isRefusal: false }),
    refuse("an unknown field in a list", gatewayWith({ listeners: [{ name: "a", nothing: 1 }] }), {
      isRefusal: false,
    }),
    {
      ...kubectl("create -f - --validate=warn", { input: gatewayWith({ nothing: 1 }) }),
      name: "an unknown field with a warning",
    },
    kubectl("create -f -", { input: gatewayWith({ defaultPolicy: "perhaps" }), isRefusal: true }),
    kubectl("delete egw bad"),
    {
      ...kubectl("create -f - --validate=ignore", { input: gatewayWith({ nothing: 1 }) }),
      name: "an unknown field, ignored",
    },
    kubectl("get egw bad -o yaml"),
    kubectl("delete egw bad"),
    refuse("an enumeration", gatewayWith({ defaultPolicy: "perhaps" })),
    refuse("a number for a text", gatewayWith({ defaultPolicy: 1 })),
    refuse("a text for a list", gatewayWith({ listeners: "all" })),
    refuse("a port out of range", gatewayWith({ explicitProxy: { port: 70_000 } })),
    refuse("a fraction", gatewayWith({ explicitProxy: { port: 1.5 } })),
    refuse("an empty list", gatewayWith({ listeners: [] })),
    refuse("a required field", gatewayWith({ listeners: [{ protocol: "TLS" }] })),
    refuse("a duration", gatewayWith({ requestTimeout: "soon" })),
    refuse("a listener twice", gatewayWith({ listeners: [port("a", 80), port("a", 81)] }), {
      differs: "ours names the field that is the same",
    }),
    refuse("two mistakes", gatewayWith({ defaultPolicy: "x", explicitProxy: { port: -1 } })),
    refuse("a missing list", manifest(small("EgressDenyPolicy", "bad", {}))),
    refuse("a missing spec", bare({ metadata: { name: "bad" } })),
    refuse("no name", bare({ metadata: {}, spec: {} })),
    refuse("a list as metadata", bare({ metadata: [], spec: {} })),
    refuse("an unknown kind", bare({ kind: "Nothing", metadata: { name: "bad" } }), {
      differs: noSecondDocument,
    }),
    refuse(
      "an unknown version",
      bare({ apiVersion: "clrk.apoxy.dev/v9", metadata: { name: "bad" } }),
      {
        differs: noSecondDocument,
      },
    ),
    refuse("no version", manifest({ kind: "Backend", metadata: { name: "bad" } })),
    refuse("no YAML", "not: [yaml"),
    kubectl("get clrk"),
  ],
} satisfies { name: string; steps: KubectlStep[] };

function port(name: string, number: number): object {
  return { name, protocol: "HTTP", port: number };
}

function refuse(name: string, input: string, more: Partial<KubectlStep> = {}): KubectlStep {
  return { ...kubectl("create -f -", { input, isRefusal: true }), name, ...more };
}
