/** Tests which form of an object of a file is applied after a rollout. */
import t from "tap";
import { parseManifests } from "../../gateway/manifests.ts";
import { hashWritten } from "../objects/manifest-applier.ts";
import { PromotedObjects } from "./promoted-objects.ts";
import type { Rollout } from "./rollout.ts";

function web(host: string) {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  const metadata = { name: "web", namespace: "default" };
  const spec = { parentRefs, hostnames: [host], rules: [{}] };
  return { apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "EgressHTTPRoute", metadata, spec };
}

function inFile(host: string) {
  const [sourced] = parseManifests("web.json", JSON.stringify(web(host))).objects;
  if (sourced === undefined) throw new Error("Nothing was read");
  return sourced;
}

function rollout(phase: Rollout["phase"], from: string, to: string): Rollout {
  const ref = { kind: "EgressHTTPRoute", namespace: "default", name: "web" };
  return {
    ...{ id: "r-1", by: "anna", phase, startedAt: "", parts: 1, seed: 1, forMs: 1 },
    ...{ abortOn: [], minRequests: 1, counts: {}, events: [] },
    changes: [
      {
        ...{ ref, apiVersion: "clrk.apoxy.dev/v1alpha1", before: web(from), after: web(to) },
        fileHash: hashWritten(inFile("old.test")),
      },
    ],
  };
}

const hostOf = (items: readonly Rollout[], host: string) =>
  Object(new PromotedObjects(() => items).formOf(inFile(host)).object).spec.hostnames[0];

t.test("formOf() is the promoted one while the file says what it said", async (t) => {
  const promoted = rollout("promoted", "old.test", "new.test");
  t.equal(hostOf([promoted], "old.test"), "new.test");
  t.equal(hostOf([promoted], "mine.test"), "mine.test");
  t.equal(hostOf([rollout("promoting", "old.test", "new.test")], "old.test"), "new.test");
});

t.test("formOf() is the file's own where nothing was promoted, or it was taken back", async (t) => {
  for (const phase of ["running", "aborted", "undoing", "undone"] as const) {
    t.equal(hostOf([rollout(phase, "old.test", "new.test")], "old.test"), "old.test", phase);
  }
});

t.test("formOf() is that of the newest rollout that holds, and the same each time", async (t) => {
  const items = [
    rollout("undone", "new.test", "newer.test"),
    rollout("promoted", "old.test", "new.test"),
  ];
  t.equal(hostOf(items, "old.test"), "new.test");
  const objects = new PromotedObjects(() => items);
  const sourced = inFile("old.test");
  t.equal(objects.formOf(sourced), objects.formOf(sourced));
});
