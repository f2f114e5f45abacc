/** Tests of where telemetry of agents goes on to: what the store says, at once and after each change. */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { allResources } from "./apiserver/all-resources.ts";
import { ensureNamespaces } from "./apiserver/initial-objects.ts";
import type { KubeObject } from "./apiserver/kube-object.ts";
import { ObjectDeleter } from "./apiserver/object-deleter.ts";
import { openObjectStore } from "./apiserver/object-store.ts";
import { ObjectWriter } from "./apiserver/object-writer.ts";
import { followForwardTargets } from "./forward-targets.ts";
import type { ForwardTarget } from "./telemetry/agent-forwarder.ts";

const byHand = { dryRun: false, validation: "Strict", manager: "by-hand" } as const;

function resourceOf(kind: string) {
  const found = allResources().find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`No resource of kind ${kind}`);
  return found;
}

function gateway(otlp: object | undefined, namespace = "default") {
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressGateway",
    metadata: { name: "egress", namespace },
    spec: { listeners: [{ name: "http", protocol: "HTTP" }], ...(otlp && { otlp }) },
  };
}

async function setUp(t: Test) {
  const clock = new ManualClock(1_780_000_000_500);
  const store = openObjectStore({ file: join(t.testdir(), "objects.db") });
  t.teardown(() => store.close());
  const writer = new ObjectWriter(store, clock);
  await ensureNamespaces(writer);
  const told: ReadonlyMap<string, ForwardTarget>[] = [];
  t.teardown(followForwardTargets(store, (targets) => told.push(targets)));
  return { clock, writer, deleter: new ObjectDeleter(store, clock), told };
}

const last = <Item>(items: readonly Item[]): Item | undefined => items.at(-1);

t.test("followForwardTargets() tells what gateways name, and each change of it", async (t) => {
  const { clock, writer, deleter, told } = await setUp(t);
  t.same(told, [new Map()]);
  const resource = resourceOf("EgressGateway");
  const one = { endpoint: "https://one.test", headers: { "x-api-key": "k1" } };
  await writer.create(resource, gateway(one), byHand);
  const [first] = last(told)?.values() ?? [];
  t.match(first, {
    ...{ createdMs: 1_780_000_000_000, uid: /^[0-9a-f-]{36}$/ },
    target: {
      endpoint: "https://one.test",
      label: "OTLP of default/egress",
      spool: /^[0-9a-f]{32}$/,
    },
  });
  t.equal(first?.target.headers[0]?.[1].reveal(), "k1");
  clock.advance(5_000);
  const otlp = { ...one, headers: { "x-api-key": "k2" } };
  const place = { namespace: "default", name: "egress" };
  const change = (current: KubeObject | undefined) =>
    current && { ...current, spec: gateway(otlp).spec };
  await writer.change({ resource, ...place, change }, byHand);
  const [second] = last(told)?.values() ?? [];
  t.equal(second?.target.headers[0]?.[1].reveal(), "k2");
  t.equal(second?.createdMs, first?.createdMs);
  t.equal(second?.target.spool, first?.target.spool, "a key that is renewed");
  const others = told.length;
  const seen = (current: KubeObject | undefined) =>
    current && { ...current, status: { conditions: [] } };
  const asStatus = { ...byHand, subresource: "status" } as const;
  await writer.change({ resource, ...place, change: seen }, asStatus);
  await writer.create(
    resourceOf("ConfigMap"),
    {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "default" } },
    },
    byHand,
  );
  t.equal(told.length, others, "nothing of others");
  await deleter.delete(resource, place, { dryRun: false });
  t.equal(last(told)?.size, 0);
  await writer.create(resource, gateway(one), byHand);
  const [again] = last(told)?.values() ?? [];
  t.not(again?.target.spool, first?.target.spool, "another object of its name");
  t.equal(again?.createdMs, 1_780_000_005_000);
});

t.test("followForwardTargets() has nothing of a Namespace that ends", async (t) => {
  const { writer, deleter, told } = await setUp(t);
  const namespaces = resourceOf("Namespace");
  const team = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
  await writer.create(namespaces, team, byHand);
  const otlp = { endpoint: "https://one.test" };
  await writer.create(resourceOf("EgressGateway"), gateway(otlp, "team"), byHand);
  t.same([...(last(told)?.keys() ?? [])], ["team/egress"]);
  const { kind } = await deleter.delete(
    namespaces,
    { namespace: "", name: "team" },
    { dryRun: false },
  );
  t.equal(kind, "pending", "what is in it is there still");
  t.equal(last(told)?.size, 0);
});
