/** Tests of what is read from the query of the read API. */
import t from "tap";
import { encodePlace } from "../telemetry/continue-token.ts";
import { readItemRequest, tryParseTime } from "./read-parameters.ts";

const read = (query: string, items: "logs" | "traces" = "logs") =>
  readItemRequest(new URLSearchParams(query), items);

t.test("times of RFC 3339 are read to the nanosecond, and nothing else is", async (t) => {
  const base = BigInt(Date.UTC(2026, 10, 29, 7, 0, 0)) * 1_000_000n;
  for (const [text, ns] of [
    ["2026-11-29T07:00:00Z", base],
    ["2026-11-29t07:00:00.1z", base + 100_000_000n],
    ["2026-11-29T07:00:00.123456789Z", base + 123_456_789n],
    ["2026-11-29T09:00:00+02:00", base],
    ["2028-02-29T00:00:00Z", BigInt(Date.UTC(2028, 1, 29)) * 1_000_000n],
  ] as const) {
    t.equal(tryParseTime(text), ns, text);
  }
  for (const text of [
    "",
    "now",
    "2026-11-29",
    "2026-11-29T07:00:00",
    "2026-02-30T07:00:00Z",
    "2026-13-01T07:00:00Z",
    "2026-11-29T25:00:00Z",
    "2026-11-29T07:00:00.1234567890Z",
    "1969-12-31T23:59:59Z",
    "1764399600",
  ]) {
    t.equal(tryParseTime(text), undefined, text);
  }
});

t.test("a page and a follower are told apart, with their defaults", async (t) => {
  t.same(read(""), { kind: "page", filter: {}, limit: 100, place: undefined });
  t.same(read("limit=1000&component=worker, egress&iostream=stderr"), {
    kind: "page",
    filter: { components: ["worker", "egress"], ioStream: "stderr" },
    limit: 1_000,
    place: undefined,
  });
  const place = { highWater: 9n, timeNs: 8n, sequence: 7n };
  t.match(read(`continue=${encodePlace(place)}`), { place });
  t.same(read("follow=true"), { kind: "follow", filter: {}, after: undefined });
  t.match(read("follow=1&after=12"), { after: 12n });
  t.match(read("follow=true&since=2026-11-29T07:00:00Z"), { after: 0n });
  t.match(read("follow=true&since=2026-11-29T07:00:00Z&after=12"), { after: 12n });
});

t.test("what is wrong is refused by the name of its parameter", async (t) => {
  for (const [query, name] of [
    ["limit=-1", "limit"],
    ["limit=1001", "limit"],
    ["limit=1e2", "limit"],
    ["since=yesterday", "since"],
    ["invocation=ABC", "invocation"],
    ["component=", "component"],
    ["component=a'b", "component"],
    ["iostream=both", "iostream"],
    ["continue=!", "continue"],
    ["after=1", "after"],
    ["follow=maybe", "follow"],
    ["follow=true&after=x", "after"],
    ["follow=true&after=9223372036854775808", "after"],
    ["follow=true&limit=1", "limit"],
    ["follow=true&until=2026-11-29T07:00:00Z", "until"],
    ["agent=other", "agent"],
    ["limit=1&limit=2", "limit"],
  ] as const) {
    t.throws(() => read(query), { code: 400, message: `the parameter "${name}"` }, query);
  }
  t.throws(() => read("iostream=stdout", "traces"), { code: 400, message: /"iostream"/ });
});
