/** What Envoy itself sees of placeholders, and what it says; where the engine looks it does not. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { forward, gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import type { SwapPlan } from "../snapshot.ts";
import {
  placeholderWatch,
  swapsAnything,
  unwatchedConfig,
  watchConfig,
  watchesItself,
} from "./placeholder-watch.ts";

const tag = "0a1b2c3d4e5f";
const placeholder = `sk-${tag}QwErTy123`;
const plan: SwapPlan = {
  id: "00000000000000aa",
  gateway: "default/egress",
  placeholders: [],
  scrubs: [],
  tag,
};

t.test("placeholderWatch() is off where no agent was given placeholders", async (t) => {
  t.equal(placeholderWatch().disabled, true);
  t.same(watchConfig({}), {});
  const [packed] = Object.values(watchConfig({ placeholderTag: tag }));
  const { LuaPerRoute } = envoy.extensions.filters.http.lua.v3;
  const script = LuaPerRoute.decode(packed?.value ?? Buffer.alloc(0)).sourceCode;
  t.match(script?.inlineString, /local tag = "0a1b2c3d4e5f"/);
});

t.test("swapsAnything() looks at rules and at their backends", async (t) => {
  const withRule = (action: ReturnType<typeof forward>) =>
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule({ action }))] });
  t.equal(swapsAnything(withRule(forward())), false);
  t.equal(swapsAnything(withRule(forward({ swap: plan }))), true);
});

t.test("watchesItself() is true where the engine swaps placeholders", async (t) => {
  t.equal(watchesItself(plan), false);
  t.same(Object.keys(unwatchedConfig()), ["clrk.placeholder_watch"]);
});

const escaped = (text: string) =>
  Array.from(text, (unit) => `%${unit.charCodeAt(0).toString(16)}`).join("");

const seen: readonly { name: string; path?: string; headers?: Record<string, string> }[] = [
  { name: "in a header", headers: { "x-any": `Bearer ${placeholder}` } },
  { name: "in another case", headers: { "x-any": placeholder.toUpperCase() } },
  { name: "in a name", headers: { [`x-${placeholder.toLowerCase()}`]: "1" } },
  {
    name: "in basic authentication",
    headers: { authorization: `Basic ${btoa(`u:${placeholder}`)}` },
  },
  { name: "in Base64 at the second place", headers: { "x-any": btoa(`u${placeholder}`) } },
  { name: "in Base64 of capital letters", headers: { "x-any": btoa(placeholder.toUpperCase()) } },
  { name: "in the path", path: `/a/${placeholder}` },
  { name: "in the query", path: `/a?k=${placeholder}` },
  { name: "percent-encoded", path: `/a?k=${escaped(placeholder)}` },
  {
    name: "percent-encoded three times",
    path: `/a?k=${escaped(placeholder).replaceAll("%", "%2525")}`,
  },
];
const unseen = [
  {
    name: "without a placeholder",
    path: "/a?k=100%25&x=%zz%",
    headers: { "x-any": "a".repeat(4_000) },
  },
  { name: "with most of a tag", path: `/a?k=${tag.slice(1)}` },
];

t.test("placeholderWatch() refuses what none is for, in Envoy", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const host = { ...hostPolicy("a.example.com", httpRule()), alias };
  const verdict = await rig.publish(gatewaySnapshot({ hosts: [host], placeholderTag: tag }));
  t.match(verdict, { kind: "live" });
  const ask = ({ path = "/a", headers = {} }: (typeof seen)[number]) =>
    secureRequest(rig, "a.example.com", { path, headers });
  for (const one of seen) {
    const { status, headers, text } = await ask(one);
    t.equal(status, 403, one.name);
    t.equal(headers["x-clrk-deny-reason"], "placeholder-misdirected", one.name);
    t.match(text, /no rule for a\.example\.com takes it/, one.name);
  }
  t.equal(upstream.seen.length, 0);
  for (const one of unseen) t.equal((await ask(one)).status, 200, one.name);
  const record = await eventually(() =>
    rig.records.find(({ decision }) => decision.reason === "placeholder-misdirected"),
  );
  t.match(record.decision, { verdict: "deny" });
});
