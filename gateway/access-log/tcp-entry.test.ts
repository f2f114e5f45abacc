/** Tests records of raw connections. */
import t from "tap";
import {
  commonFields,
  entryContext,
  filterState,
  tcpEntry,
} from "../testdata/access-log-entries.ts";
import { tcpRecord } from "./tcp-entry.ts";

t.test("tcpRecord() of an allowed connection", async (t) => {
  const record = tcpRecord(tcpEntry(), entryContext());
  t.match(record, {
    kind: "tcp",
    durationMs: 41.5,
    agent: { name: "run:run-1" },
    gateway: { namespace: "default", name: "egress" },
    listener: "explicit",
    clientAddress: "10.0.0.7",
    request: {
      method: "",
      scheme: "",
      host: "db.example.com",
      port: 5432,
      authority: "db.example.com",
      bytes: 100,
    },
    response: { status: 0, bytes: 900, flags: [] },
    upstream: { address: "203.0.113.9:443", tls: null },
    decision: { verdict: "allow", route: { kind: "EgressL4Route", name: "raw", rule: 2 } },
    credential: null,
    tier: "native",
    revision: 7,
  });
});

t.test("tcpRecord() of passed-through TLS names the server", async (t) => {
  const entry = tcpEntry({
    commonProperties: commonFields({ tlsProperties: { tlsSniHostname: "pinned.example.com" } }),
  });
  t.match(tcpRecord(entry, entryContext()), {
    kind: "tls",
    request: { host: "pinned.example.com" },
  });
});

t.test("tcpRecord() of a bare address names the address", async (t) => {
  const entry = tcpEntry({
    commonProperties: commonFields({
      tlsProperties: null,
      downstreamLocalAddress: { socketAddress: { address: "198.51.100.4", portValue: 25 } },
      filterStateObjects: filterState({ "clrk.port": "25", "clrk.dialled": "-" }),
    }),
  });
  t.match(tcpRecord(entry, entryContext({ listener: "transparent" })), {
    listener: "transparent",
    agent: null,
    request: { host: "198.51.100.4", port: 25 },
    decision: { verdict: "deny", reason: "undecided" },
  });
});

t.test("tcpRecord() of a refused connection has no upstream", async (t) => {
  const entry = tcpEntry({
    commonProperties: commonFields({
      tlsProperties: null,
      upstreamRemoteAddress: null,
      responseFlags: { noHealthyUpstream: true },
      filterStateObjects: filterState({ "clrk.decision": "deny/unidentified", "clrk.port": "22" }),
    }),
  });
  t.match(tcpRecord(entry, entryContext()), {
    upstream: null,
    response: { flags: ["UH"] },
    decision: {
      verdict: "deny",
      reason: "unidentified",
      message: "the connection proved no identity",
    },
  });
});

const undialled: readonly {
  readonly name: string;
  readonly host: string;
  readonly decision: string;
  readonly want: object;
}[] = [
  {
    name: "a name",
    host: "db.example.com",
    decision: "allow/EgressL4Route/default/raw/2",
    want: {
      verdict: "deny",
      reason: "unreachable",
      message:
        "host db.example.com has no address, or only such that are never dialled unless a route names them",
      route: { name: "raw", rule: 2 },
    },
  },
  {
    name: "an IPv4 address",
    host: "127.0.0.1",
    decision: "allow/default-policy",
    want: {
      verdict: "deny",
      reason: "guarded-address",
      message: "address 127.0.0.1 is never dialled unless a route names it",
      route: null,
    },
  },
  {
    name: "an IPv6 address",
    host: "::1",
    decision: "allow/default-policy",
    want: { verdict: "deny", reason: "guarded-address" },
  },
  {
    name: "what was refused anyway",
    host: "127.0.0.1",
    decision: "deny/default-policy",
    want: { verdict: "deny", reason: "default-policy" },
  },
];

for (const { name, host, decision, want } of undialled) {
  for (const flags of [{ noHealthyUpstream: true }, { dnsResolutionFailure: true }]) {
    t.test(`tcpRecord() of ${name} without an address to dial`, async (t) => {
      const entry = tcpEntry({
        commonProperties: commonFields({
          tlsProperties: null,
          upstreamRemoteAddress: null,
          responseFlags: flags,
          filterStateObjects: filterState({ "clrk.decision": decision, "clrk.dialled": host }),
        }),
      });
      t.match(tcpRecord(entry, entryContext()), { upstream: null, decision: want });
    });
  }
}

t.test("tcpRecord() of a server name that was not dialled is a refusal", async (t) => {
  const entry = tcpEntry({
    commonProperties: commonFields({
      tlsProperties: { tlsSniHostname: "b.example.com" },
      connectionTerminationDetails: "rbac_access_denied_matched_policy[none]",
    }),
  });
  t.match(tcpRecord(entry, entryContext()), {
    kind: "tls",
    decision: {
      verdict: "deny",
      reason: "authority-mismatch",
      message: "Host b.example.com is not what the connection dialled (a.example.com:443)",
    },
  });
});

t.test("tcpRecord() of an upstream that was dialled in vain is allowed", async (t) => {
  const entry = tcpEntry({
    commonProperties: commonFields({
      tlsProperties: null,
      responseFlags: { upstreamConnectionFailure: true },
      filterStateObjects: filterState({ "clrk.decision": "allow/default-policy" }),
    }),
  });
  t.match(tcpRecord(entry, entryContext()), { decision: { verdict: "allow", reason: null } });
});

t.test("tcpRecord() of an empty entry is a refusal of nobody", async (t) => {
  t.match(
    tcpRecord(tcpEntry({ commonProperties: null, connectionProperties: null }), entryContext()),
    {
      kind: "tcp",
      agent: null,
      durationMs: 0,
      request: { host: "", port: 0, bytes: 0 },
      decision: { verdict: "deny", reason: "undecided" },
    },
  );
});

t.test("tcpRecord() gives every record an id of its own", async (t) => {
  const ids = Array.from({ length: 100 }, () => tcpRecord(tcpEntry(), entryContext()).id);
  t.equal(new Set(ids).size, 100);
});
