/** Tests of what a record tells of its connection. */
import t from "tap";
import { httpRecord } from "../testdata/egress-record.ts";
import { FILTER_STATE } from "../xds/filter-state.ts";
import type { RecordedConnection } from "./connection-cases.ts";
import { bareHost, connectionCases } from "./connection-cases.ts";

const { request, decision } = httpRecord();
const http: RecordedConnection = { kind: "http", listener: "explicit", request, decision };
const raw = { ...request, scheme: "", host: "10.0.0.9", port: 5432 };
const none: ReadonlySet<number> = new Set();
const dialledName = { missing: "name that was dialled" };
const dialledAddress = { missing: "address that was dialled" };

t.test(
  "connectionCases() of a request inside TLS: it named the server that was dialled",
  async (t) => {
    const [only, ...others] = connectionCases(http, none);
    t.same(others, []);
    t.match(only, {
      bytes: "tls",
      facts: { tls: true, serverName: "api.openai.com", address: undefined },
    });
    t.equal(only?.facts.filterState?.[FILTER_STATE.port], "443");
    t.equal(only?.facts.filterState?.[FILTER_STATE.dialledHost], "api.openai.com");
  },
);

t.test("connectionCases() of a request in plain text, to an IPv6 address", async (t) => {
  const plain = { ...request, scheme: "http", host: "[::1]", port: 80 };
  t.match(connectionCases({ ...http, request: plain }, none), [
    { bytes: "http", facts: { tls: false, protocols: "'http/1.1'", address: "::1" } },
  ]);
});

t.test("connectionCases() of what was captured: nobody wrote down what was dialled", async (t) => {
  const [only] = connectionCases({ ...http, listener: "transparent" }, none);
  t.same(only?.facts.filterState?.[FILTER_STATE.dialledHost], dialledName);
  t.same(only?.facts.address, dialledAddress);
});

t.test("connectionCases() of raw bytes: they may have been anything", async (t) => {
  const record = { ...http, kind: "tcp", request: raw } as const;
  t.same(
    connectionCases(record, none).map(({ bytes }) => bytes),
    ["raw", "http", "tls"],
  );
  t.same(
    connectionCases(record, new Set([5432])).map(({ bytes }) => bytes),
    ["raw"],
  );
  t.match(connectionCases(record, none)[0], { facts: { address: "10.0.0.9" } });
});

t.test(
  "connectionCases() of refused TLS: it may have named another server than was dialled",
  async (t) => {
    const refused = {
      verdict: "deny",
      reason: "default-policy",
      message: "",
      route: null,
    } as const;
    const [only] = connectionCases({ ...http, kind: "tls", decision: refused }, none);
    t.same(only?.facts.filterState?.[FILTER_STATE.dialledHost], dialledName);
  },
);

t.test("bareHost() takes brackets off", async (t) => {
  t.equal(bareHost("[::1]"), "::1");
  t.equal(bareHost("a.test"), "a.test");
});
