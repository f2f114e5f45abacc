/** Tests that a line of the pipe is read whole or not at all. */
import t from "tap";
import type { EgressRecord } from "../record.ts";
import type { RuleFacts } from "../rule-facts.ts";
import { callFacts } from "../testdata/call-facts.ts";
import {
  allowKey,
  entryContext,
  httpFacts,
  httpMeasures,
  pipeLine,
  researcher,
} from "../testdata/access-log.ts";
import { lineFields } from "../xds.ts";
import { EngineLine } from "./engine-line.ts";
import { completeRecord, outlineOf } from "./http-transaction.ts";
import type { EntryContext } from "./entry-context.ts";
import type { Line } from "./line-cutter.ts";
import { PipeLineReader } from "./pipe-line.ts";
import { RecordStamps } from "./record-stamps.ts";

const ones = (size: number) => new Uint8Array(size).fill(1);

function read(line: string, reader = new PipeLineReader(new RecordStamps(ones))) {
  const bytes = Buffer.from(`before\n${line}\nafter`);
  const start = "before\n".length;
  return recordOf(reader, { bytes, start, end: bytes.length - "\nafter".length });
}

/** The record alone, without facts of the engine: that its JSON says the same is looked at every time. */
function recordOf(reader: PipeLineReader, line: Line, changes: Partial<EntryContext> = {}) {
  const found = reader.read(line, { ...context, ...changes });
  const read = found instanceof EngineLine ? found.complete(undefined) : found;
  if (read !== undefined) t.equal(read.json, JSON.stringify(read.record));
  return read?.record;
}

const context = entryContext();

t.test("read() gives the record of what the line says", async (t) => {
  const stamps = new RecordStamps(ones);
  const outline = outlineOf(httpFacts(), entryContext());
  const expected = completeRecord(outline, httpMeasures(), {
    revision: 7,
    stamps,
    facts: undefined,
  });
  t.same(read(pipeLine()), expected);
});

t.test("read() gives the same record for facts that it knows", async (t) => {
  const reader = new PipeLineReader(new RecordStamps(ones));
  const first = read(pipeLine({ status: "404" }), reader);
  const second = read(pipeLine({ responseBytes: "9" }), reader);
  t.equal(first?.decision, second?.decision, "remembered");
  t.same(second?.response, {
    status: 200,
    bytes: 9,
    chunks: null,
    flags: [],
    details: "via_upstream",
  });
  t.equal(first?.response.status, 404);
});

t.test("read() keeps what differs between requests of the same facts apart", async (t) => {
  const reader = new PipeLineReader();
  const secret = `sk-${"A1b2".repeat(10)}`;
  const targets = ["/a", "/b?x=1", "/a", `/${secret}`, `/a?key=${secret}`, "", "/b?x=1"];
  const shown = targets.map((target) => read(pipeLine({ target }), reader)?.request);
  t.same(
    shown.map((request) => `${request?.path} ${request?.query}`),
    ["/a ", "/b x=1", "/a ", "/[redacted] ", "/a key=[redacted]", " ", "/b x=1"],
  );
});

t.test("read() decides anew under new rules", async (t) => {
  const reader = new PipeLineReader();
  const bytes = Buffer.from(pipeLine());
  const line = { bytes, start: 0, end: bytes.length };
  const facts: RuleFacts = {
    provider: "anthropic",
    credential: null,
    message: null,
    tier: "native",
  };
  t.equal(recordOf(reader, line)?.provider, "openai");
  const ruleFacts = new Map([[allowKey, facts]]);
  t.equal(recordOf(reader, line, { ruleFacts, revision: 8 })?.provider, "anthropic");
  t.equal(recordOf(reader, line, { revision: 9 })?.revision, 9);
});

t.test("read() finds an agent that was not known before", async (t) => {
  const reader = new PipeLineReader();
  const bytes = Buffer.from(pipeLine());
  const line = { bytes, start: 0, end: bytes.length };
  t.equal(recordOf(reader, line, { findAgent: () => null })?.agent, null);
  t.same(recordOf(reader, line)?.agent, researcher);
});

const readable: readonly {
  readonly name: string;
  readonly changes: Parameters<typeof pipeLine>[0];
  readonly says: (record: EgressRecord) => unknown;
  readonly want: unknown;
}[] = [
  {
    name: "a transaction that was cut off",
    changes: { responseEnd: "", firstByte: "", requestEnd: "", duration: "1234", status: "0" },
    says: ({ durationMs, timings, response }) => [durationMs, timings, response.status],
    want: [1_234, { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null }, 0],
  },
  {
    name: "a long transaction to the nanosecond",
    changes: { responseEnd: "3600000000001" },
    says: ({ durationMs }) => durationMs,
    want: 3_600_000.000001,
  },
  {
    name: "a start just below the next millisecond",
    changes: { start: "1795493350193999999" },
    says: ({ startUnixMs, startUnixNs, time }) => [startUnixMs, startUnixNs, time],
    want: [1_795_493_350_193, "1795493350193999999", "2026-11-24T04:09:10.193Z"],
  },
  {
    name: "flags in the order of the other log",
    changes: { flags: "DC,UF,XX" },
    says: ({ response }) => response.flags,
    want: ["UF", "DC", "XX"],
  },
  {
    name: "a connection inside Envoy",
    changes: { listener: "explicit", client: "envoy://internal_client_address/" },
    says: ({ clientAddress, listener }) => [clientAddress, listener],
    want: ["", "explicit"],
  },
  {
    name: "a connection to a bare address",
    changes: { agreedHost: "-", authority: "192.0.2.7", scheme: "http", port: "8080" },
    says: ({ request }) => [request.host, request.port, request.scheme],
    want: ["192.0.2.7", 8_080, "http"],
  },
  {
    name: "no upstream",
    changes: { upstream: "", upstreamHost: "", cluster: "" },
    says: ({ upstream }) => upstream,
    want: null,
  },
  {
    name: "an upstream that was not reached",
    changes: { upstream: "" },
    says: ({ upstream }) => upstream?.address,
    want: "203.0.113.1:443",
  },
  {
    name: "text that is not ASCII",
    changes: { userAgent: "grüße 🦊" },
    says: ({ request }) => request.userAgent,
    want: "grüße 🦊",
  },
  {
    name: "a dash that the agent sent",
    changes: { userAgent: "-", authority: "-", agreedHost: "-", target: "-" },
    says: ({ request }) => [request.userAgent, request.authority, request.path],
    want: ["-", "-", "-"],
  },
  {
    name: "a traceparent",
    changes: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    says: ({ trace }) => trace?.parentSpanId,
    want: "b7ad6b7169203331",
  },
  {
    name: "a caller of six parts",
    changes: { caller: "TaskAgent\u001fdefault\u001fresearcher\u001f\u001f\u001f" },
    says: ({ agent }) => agent?.name,
    want: "researcher",
  },
];

for (const { name, changes, says, want } of readable) {
  t.test(`read() reads ${name}`, async (t) => {
    const record = read(pipeLine(changes));
    t.same(record && says(record), want);
  });
}

t.test("read() redacts user information each time", async (t) => {
  const reader = new PipeLineReader();
  for (let count = 0; count < 2; count++) {
    const line = pipeLine({ authority: "me:password@a.example.com", agreedHost: "" });
    t.equal(read(line, reader)?.request.authority, "[redacted]@a.example.com");
  }
});

const numbers = ["responseEnd", "duration", "requestEnd", "firstByte", "status"] as const;

const refused: readonly { readonly name: string; readonly line: string }[] = [
  { name: "an empty line", line: "" },
  { name: "a line without fields", line: "x".repeat(500) },
  { name: "only separators", line: "\u001e".repeat(24) },
  { name: "one field less", line: pipeLine().split("\u001e").slice(0, -1).join("\u001e") },
  { name: "one field more", line: `${pipeLine()}\u001e` },
  { name: "a separator in a path", line: pipeLine({ target: "/a\u001eb" }) },
  { name: "a separator in an engine's id", line: pipeLine({ engineId: "a\u001eb" }) },
  { name: "a separator in a traceparent", line: pipeLine({ traceparent: "a\u001eb" }) },
  { name: "only measures", line: pipeLine().split("\u001e").slice(0, 10).join("\u001e") },
  { name: "an unknown listener", line: pipeLine({ listener: "proxy" }) },
  { name: "an unknown scheme", line: pipeLine({ scheme: "ftp" }) },
  { name: "a start without digits", line: pipeLine({ start: "" }) },
  { name: "a start in milliseconds", line: pipeLine({ start: "1767323045678" }) },
  { name: "a start of two lines", line: pipeLine({ start: "17673231767323045678901234" }) },
  { name: "a start with a letter", line: pipeLine({ start: "176732304567890123x" }) },
  ...numbers.flatMap((field) =>
    ["x", "-", "-1", "1.5", " 1", "1e9", "0x1"].map((text) => ({
      name: `${field} "${text}"`,
      line: pipeLine({ [field]: text }),
    })),
  ),
];

for (const { name, line } of refused) {
  t.test(`read() refuses ${name}`, async (t) => {
    t.equal(read(line), undefined);
  });
}

t.test("read() waits for facts where the engine left its id", async (t) => {
  const bytes = Buffer.from(
    pipeLine({ engineId: "engine-1", target: "/v1/chat/completions?k=credential" }),
  );
  const line = new PipeLineReader().read({ bytes, start: 0, end: bytes.length }, context);
  if (!(line instanceof EngineLine)) throw new Error("Wanted a line of the engine");
  t.equal(line.id, "engine-1");
  const target = { path: "/v1/chat/completions", query: "" };
  const { record, json } = line.complete(callFacts({ target }));
  t.match(record, { tier: "engine", request: target, usage: { inputTokens: 12 } });
  t.equal(json, JSON.stringify(record));
  t.notMatch(json ?? "", /k=credential/);
});

t.test("read() remembers no query that the engine may have written", async (t) => {
  const reader = new PipeLineReader();
  const target = "/a?k=credential";
  for (const engineId of ["engine-1", "", "engine-2"]) {
    const query = read(pipeLine({ engineId, target }), reader)?.request.query;
    t.equal(query, engineId === "" ? "k=credential" : "[redacted]");
  }
});

t.test("read() shows no query of an engine's rule where it left no id", async (t) => {
  const facts: RuleFacts = {
    provider: "openai",
    credential: null,
    message: null,
    tier: "engine",
  };
  const ruleFacts = new Map([[allowKey, facts]]);
  const bytes = Buffer.from(pipeLine({ target: "/a?k=credential" }));
  const line = { bytes, start: 0, end: bytes.length };
  const record = recordOf(new PipeLineReader(), line, { ruleFacts });
  t.match(record, { tier: "engine", request: { path: "/a", query: "[redacted]" } });
});

t.test("read() refuses a line that Envoy's end cut, together with the next one", async (t) => {
  const whole = pipeLine();
  for (let cut = 1; cut < whole.length; cut++) {
    t.equal(read(whole.slice(0, cut) + whole), undefined, `cut at ${cut} and continued`);
  }
});

t.test("read() knows every field of the format", async (t) => {
  t.equal(lineFields.measures.length, 12);
  t.equal(lineFields.facts.length, 17);
});
