/** Tests of the way to the store, through a real API server: what one caller or one kind of read may take of it. */
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { startApi } from "../apiserver/testdata/api-rig.ts";
import { TelemetryQueries } from "../telemetry/queries.ts";
import { until } from "../telemetry/store-rig.ts";
import { readResources } from "./read-resources.ts";

const agents = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const metrics = "/apis/metrics.clrk.apoxy.dev/v1alpha1/namespaces/default";
const seriesPath = `${metrics}/processmetrics/mine/series?metric=egress.requests`;
const pagePath = `${agents}/processes/mine/logs`;

/** A server whose store answers statements when the test says so. */
async function open(t: Test) {
  const held: (() => void)[] = [];
  const client = {
    query: () =>
      new Promise<readonly []>((resolve) => {
        held.push(() => resolve([]));
      }),
  };
  const queries = new TelemetryQueries({ client, highWater: () => 1n });
  const series = () => client.query().then(() => emptySeries);
  const state = () => {
    const telemetry = { queries, series, highWater: 1n };
    return { kind: "ready" as const, telemetry };
  };
  const options = { state, clock: systemClock, log: silentLogger, maxAgeMs: 1e12 };
  const api = await startApi(t, { connected: readResources(options) });
  t.teardown(() => {
    for (const give of held) give();
  });
  const ask = (path: string, token = "admin-token") => {
    const answer = { status: 0 };
    const done = api.send("GET", path, { token }).then(
      ({ status }) => Object.assign(answer, { status }).status,
      () => 0,
    );
    return { answer, done };
  };
  /** Lets the statements go that came after `from`, until the answer is there. */
  const finish = async ({ answer, done }: ReturnType<typeof ask>, from: number) => {
    await until(() => {
      for (const give of held.slice(from)) give();
      return answer.status !== 0;
    }, "an answer");
    return done;
  };
  return { api, held, ask, finish };
}

const emptySeries = {
  ...{ metric: "egress.requests", type: "counter" as const, unit: "requests", groupBy: "" },
  ...{ sinceMs: 0, untilMs: 1, stepSeconds: undefined, isTruncated: false, series: [] },
};

t.test("series of everybody leave room for pages", async (t) => {
  const { held, ask, finish } = await open(t);
  const many = Array.from({ length: 12 }, () => ask(seriesPath));
  await until(() => held.length > 0 && many.some(({ answer }) => answer.status === 429), "a 429");
  const before = held.length;
  t.equal(before, 1, "one statement of series at a time");
  t.equal(await finish(ask(pagePath), before), 200);
});

t.test("series of one caller leave room for those of another", async (t) => {
  const { held, ask, finish } = await open(t);
  const many = Array.from({ length: 12 }, () => ask(seriesPath, "viewer-token"));
  await until(() => many.filter(({ answer }) => answer.status === 429).length > 2, "refusals");
  const from = held.length - 1;
  t.equal(await finish(ask(seriesPath), from), 200, "there is a place for the other");
});

t.test("pages of one caller leave room for those of another", async (t) => {
  const { held, ask, finish } = await open(t);
  const many = Array.from({ length: 40 }, () => ask(pagePath));
  await until(() => many.some(({ answer }) => answer.status === 429), "a 429");
  const before = held.length;
  const other = ask(pagePath, "other-token");
  t.equal(await finish(other, before), 200);
  t.equal(before, 2, "of one caller two at a time");
});

t.test("followers of one caller do not take all places", async (t) => {
  const { api } = await open(t);
  let followers = 0;
  for (; followers < 64; followers++) {
    const stream = await api.watch(`${pagePath}?follow=true`);
    t.teardown(() => stream.close());
    const line = await stream.next().catch(() => undefined);
    if (line?.position === undefined) break;
  }
  t.equal(followers, 48);
});
