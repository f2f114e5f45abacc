/** Tests of lists of objects that a source has: how long one works, how many bytes it holds, how many run at once. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import { openApiSchema } from "../../crds/open-api.ts";
import { invocationKind } from "../../crds/invocation.ts";
import { metadataFields } from "./field-query.ts";
import { resourceOfKind } from "./kind-resource.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ObjectSource, SourcePage, SourceQuery } from "./object-source.ts";
import { startApi } from "./testdata/api-rig.ts";

const path = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/invocations";

/** A server whose source answers each piece of a list as it is told to. */
async function start(
  t: Test,
  list: (query: SourceQuery) => SourcePage,
  clock: Clock = systemClock,
) {
  const source: ObjectSource = {
    revision: 7,
    get: () => undefined,
    list,
    async *watch() {},
  };
  const resource = {
    ...resourceOfKind(invocationKind, {
      schema: () => openApiSchema(invocationKind),
      columns: [],
      fields: metadataFields,
      countsGenerations: false,
    }),
    source: { open: () => source, below: [] },
  };
  return startApi(t, { resources: [resource], clock });
}

function pageOf(items: readonly KubeObject[], next: string): SourcePage {
  return { kind: "page", items, resourceVersion: "7", continue: next };
}

t.test("a list that finds little for long is answered with what it has", async (t) => {
  const clock = new ManualClock();
  let pieces = 0;
  const api = await start(
    t,
    () => {
      clock.advance(300);
      return pageOf([], `piece-${++pieces}`);
    },
    clock,
  );
  const { status, body } = await api.send("GET", path, { token: "viewer-token" });
  t.equal(status, 200);
  t.match(body, { items: [], metadata: { continue: "piece-4", resourceVersion: "7" } });
});

t.test("a list of large objects is cut at a number of bytes", async (t) => {
  let pieces = 0;
  const api = await start(t, ({ limit }) => {
    const items = Array.from({ length: limit }, (_, at) => large(`${pieces}-${at}`));
    return pageOf(items, `piece-${++pieces}`);
  });
  const { text, body } = await api.send("GET", path);
  t.ok(text.length < 40 * 1024 * 1024, `${text.length} bytes`);
  t.equal(body.metadata.continue, `piece-${pieces}`);
});

function large(name: string): KubeObject {
  return {
    ...{ apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "Invocation" },
    metadata: { name, namespace: "default" },
    spec: { text: "x".repeat(100_000) },
  };
}

t.test("lists of one caller leave room for those of another", async (t) => {
  const waiting = { isOver: false };
  t.teardown(() => {
    waiting.isOver = true;
  });
  const api = await start(t, ({ name }) => {
    if (name === "quick" || waiting.isOver) {
      return { kind: "page", items: [], resourceVersion: "7" };
    }
    return pageOf([], "more");
  });
  const many = Array.from({ length: 40 }, () =>
    api.send("GET", path, { token: "viewer-token" }).then(({ status, headers }) => {
      return { status, retryAfter: headers["retry-after"] };
    }),
  );
  const refused = await Promise.any(
    many.map((one) => one.then((answer) => (answer.status === 429 ? answer : Promise.reject()))),
  );
  t.match(refused, { retryAfter: "1" });
  const other = await api.send("GET", `${path}?fieldSelector=metadata.name%3Dquick`);
  t.equal(other.status, 200);
  waiting.isOver = true;
  await Promise.all(many);
});
