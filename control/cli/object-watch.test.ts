/** Tests of following objects of the real API server over gaps: a new server, a forgotten version, an end of the watch. */
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { createServingCertificate } from "../apiserver/serving-certificate.ts";
import { policy, startApi } from "../apiserver/testdata/api-rig.ts";
import { createApiClient } from "./api-client.ts";
import { discoverResources, getResource } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { watchObjects } from "./object-watch.ts";
import { targetOf } from "./testdata/api-target.ts";

const resource: ApiResource = {
  group: "clrk.apoxy.dev",
  version: "v1alpha1",
  kind: "RateLimitPolicy",
  plural: "ratelimitpolicies",
  singular: "ratelimitpolicy",
  shortNames: ["rlp"],
  categories: [],
  namespaced: true,
  verbs: ["list", "watch"],
};

function rowOf(name: string, resourceVersion: string) {
  return {
    cells: [name],
    object: { ...policy(name), metadata: { name, namespace: "default", resourceVersion } },
  };
}

function tableOf(version: string, rows: object[]) {
  const columnDefinitions = [{ name: "Name", priority: 0 }];
  return { kind: "Table", metadata: { resourceVersion: version }, columnDefinitions, rows };
}

/** Answers each list and each watch by the next of what is given; then a watch stays open. */
async function startScript(
  t: Test,
  script: { lists: object[]; watches: ((response: ServerResponse) => void)[] },
) {
  const { authorityPem, chainPem, keyPem } = createServingCertificate(Date.now());
  const asked: string[] = [];
  const server = createServer({ cert: chainPem, key: keyPem }, ({ url = "" }, response) => {
    const { searchParams } = new URL(url, "https://localhost");
    if (searchParams.get("watch") === null) {
      asked.push("list");
      response.end(JSON.stringify(script.lists.shift()));
      return;
    }
    asked.push(`watch ${searchParams.get("resourceVersion")}`);
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    script.watches.shift()?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { asked, target: targetOf({ authorityPem, server: { port } }) };
}

const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

t.test("watchObjects() goes on where it was, and lists again what was forgotten", async (t) => {
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  const { asked, target } = await startScript(t, {
    lists: [
      tableOf("10", [rowOf("a", "1"), rowOf("b", "2")]),
      tableOf("40", [rowOf("a", "1"), rowOf("c", "30"), rowOf("d", "11")]),
    ],
    watches: [
      (response) => response.end(event("ADDED", tableOf("", [rowOf("d", "11")]))),
      (response) => response.end(event("BOOKMARK", tableOf("25", []))),
      (response) => response.end(event("ERROR", gone)),
    ],
  });
  const controller = new AbortController();
  const lost: string[] = [];
  const told: string[] = [];
  const events = watchObjects(createApiClient(target), resource, {
    selection: { namespace: "default" },
    signal: controller.signal,
    onLost: ({ message }) => lost.push(message),
  });
  for await (const { type, row } of events) {
    told.push(`${type} ${row.object.metadata.name}`);
    if (told.length === 5) controller.abort();
  }
  t.strictSame(told, ["ADDED a", "ADDED b", "ADDED d", "ADDED c", "DELETED b"]);
  t.strictSame(asked, ["list", "watch 10", "watch 11", "watch 25", "list"]);
  t.strictSame(lost, [], "an end that the server made is no loss");
});

t.test("watchObjects() throws what is refused, and what never answered", async (t) => {
  const api = await startApi(t);
  const follow = (changes: object) => {
    const events = watchObjects(createApiClient(targetOf(api, changes)), resource, {
      selection: {},
      signal: AbortSignal.timeout(5_000),
      onLost: () => t.fail("nothing was there to be lost"),
    });
    return events.next();
  };
  await t.rejects(follow({ token: "wrong" }), { message: /^Not known to/ });
  await t.rejects(follow({ server: "https://127.0.0.1:1" }), { message: /^Cannot reach/ });
});

t.test(
  "discoverResources() and getResource() find kinds of the real server by any name",
  async (t) => {
    const api = await startApi(t);
    const resources = await discoverResources(createApiClient(targetOf(api)));
    const { verbs: _, ...names } = resource;
    t.match(getResource(resources, "RLP", "get"), names);
    t.equal(getResource(resources, "events", "get").group, "");
    t.equal(getResource(resources, "events.events.k8s.io", "get").group, "events.k8s.io");
    t.notOk(
      resources.some(({ kind }) => kind.endsWith("Review")),
      "reviews are no objects",
    );
    t.throws(() => getResource(resources, "constructor", "get"), {
      message: 'Cannot get "constructor": there is no such kind\nSee all kinds: clrk get',
    });
  },
);
