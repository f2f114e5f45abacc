/** Tests of the feed with the gateways' own end of it. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../gateway/clock.ts";
import { openFeedSource } from "../gateway/feed-source.ts";
import { silentLogger } from "../gateway/log.ts";
import { formatSourceProblem } from "../gateway/manifests.ts";
import { OBJECT_FEED_PATH } from "../gateway/object-feed.ts";
import type { ObjectReport } from "../gateway/object-report.ts";
import type { LoadedObjects } from "../gateway/snapshot-source.ts";
import { GatewayFeed } from "./gateway-feed.ts";
import type { FedObject } from "./gateway-feed.ts";

function secret(name: string, text = "x".repeat(8)) {
  const data = { token: Buffer.from(text).toString("base64") };
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace: "default", name }, data };
}

async function openFeed(t: Test, names: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "feed-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const socketPath = join(directory, "feed.sock");
  const objects: FedObject[] = names.map((name) => ({ object: secret(name) }));
  const list = () => ({ objects, resourceVersion: "1", trial: null });
  const reports: ObjectReport[] = [];
  const onReport = (report: ObjectReport) => void reports.push(report);
  const feed = new GatewayFeed({
    socketPath,
    list,
    onReport,
    onTrialReport: () => {},
    log: silentLogger,
  });
  await feed.open();
  t.teardown(() => feed.close());
  return { feed, socketPath, objects, reports };
}

/** A gateway: the sets that it was told, and the next of them. */
async function follow(t: Test, socketPath: string) {
  const sets: LoadedObjects[] = [];
  const problems: string[][] = [];
  let wake = () => {};
  const source = await openFeedSource({
    ...{ socketPath, clock: systemClock },
    secrets: { objects: [], problems: [], warnings: [] },
    onChange: (loaded) => {
      sets.push(loaded);
      wake();
    },
    onProblems: (found) => {
      problems.push(found.problems.map(formatSourceProblem));
      wake();
    },
  });
  t.teardown(() => source.close());
  const nth = async (count: number) => {
    while (sets.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return sets[count - 1]?.objects.map(({ object }) => object.metadata.name);
  };
  const nthProblems = async (count: number) => {
    while (problems.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return problems[count - 1];
  };
  return { source, sets, nth, nthProblems };
}

t.test("GatewayFeed tells whoever connects everything, then what changes", async (t) => {
  const { feed, socketPath } = await openFeed(t, ["one", "two"]);
  t.equal(statSync(socketPath).mode & 0o777, 0o600);
  const [first, second] = [await follow(t, socketPath), await follow(t, socketPath)];
  t.equal(feed.followers, 2);
  const removed = [{ kind: "Secret", namespace: "default", name: "two" }];
  feed.publish({ objects: [{ object: secret("three") }], removed, resourceVersion: "2" });
  for (const gateway of [first, second]) {
    t.strictSame(await gateway.nth(1), ["one", "two"]);
    t.strictSame(await gateway.nth(2), ["one", "three"]);
  }
});

t.test(
  "GatewayFeed tells where objects were written, and what keeps newer ones back",
  async (t) => {
    const { feed, socketPath, objects } = await openFeed(t, ["one"]);
    objects[0] = { object: secret("one"), file: "policy/a.yaml", line: 7 };
    const gateway = await follow(t, socketPath);
    await gateway.nth(1);
    t.match(gateway.sets[0]?.objects[0], { file: "policy/a.yaml", line: 7 });
    feed.setProblems([{ file: "policy/b.yaml", line: 3, field: "spec", message: "is wrong" }]);
    t.strictSame(await gateway.nthProblems(1), ["policy/b.yaml:3: spec: is wrong"]);
    const late = await follow(t, socketPath);
    t.strictSame(await late.nthProblems(1), ["policy/b.yaml:3: spec: is wrong"]);
    t.strictSame(await late.nth(1), ["one"]);
    feed.publish({ objects: [{ object: secret("two") }], removed: [], resourceVersion: "2" });
    t.strictSame(await gateway.nth(2), ["one", "two"], "objects of others go on");
    feed.setProblems([]);
    t.strictSame(await gateway.nthProblems(3), [], "and they are told to be over");
  },
);

t.test("GatewayFeed hears what gateways found out", async (t) => {
  const { socketPath, reports } = await openFeed(t, ["one"]);
  const { source } = await follow(t, socketPath);
  for (const revision of [1, 2, 3]) source.report({ revision, items: [] });
  while (reports.at(-1)?.revision !== 3) await new Promise((resolve) => setImmediate(resolve));
  t.ok(reports.length < 3, "of several at a time the newest");
});

t.test("GatewayFeed is found again by gateways after it was away", async (t) => {
  const { feed, socketPath } = await openFeed(t, ["one"]);
  const gateway = await follow(t, socketPath);
  gateway.source.report({ revision: 1, items: [] });
  const heard: ObjectReport[] = [];
  await feed.close();
  const again = new GatewayFeed({
    socketPath,
    list: () => ({
      objects: [{ object: secret("one") }, { object: secret("two") }],
      resourceVersion: "2",
      trial: null,
    }),
    onReport: (report) => void heard.push(report),
    onTrialReport: () => {},
    log: silentLogger,
  });
  await again.open();
  t.teardown(() => again.close());
  t.strictSame(await gateway.nth(2), ["one", "two"]);
  while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(heard, [{ revision: 1, items: [] }], "what it had found out is told again");
});

t.test("GatewayFeed cuts off a gateway that does not read", async (t) => {
  const { feed, socketPath } = await openFeed(t, ["one"]);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath, path: OBJECT_FEED_PATH, agent: false });
    sent.on("response", resolve).on("error", reject).end();
  });
  response.pause();
  response.on("error", () => {});
  const large = secret("large", "x".repeat(700_000));
  for (let sent = 0; sent < 100 && feed.followers > 0; sent++) {
    feed.publish({ objects: [{ object: large }], removed: [], resourceVersion: String(sent) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(feed.followers, 0);
  t.equal(feed.cut, 1);
  response.destroy();
});

t.test("GatewayFeed answers nothing else", async (t) => {
  const { socketPath } = await openFeed(t, []);
  for (const [method, path] of [
    ["GET", "/"],
    ["POST", OBJECT_FEED_PATH],
  ]) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, method, path, agent: false })
        .on("response", resolve)
        .on("error", reject)
        .end();
    });
    response.resume();
    t.equal(response.statusCode, 404, `${method} ${path}`);
  }
});
