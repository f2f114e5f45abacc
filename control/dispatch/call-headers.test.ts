/** Tests of headers: what a caller can say, what it cannot, and what it gets back. */
import t from "tap";
import { rootTraceparent } from "../../gateway/invocation-trace.ts";
import type { CallFacts, CallHeaders } from "./call-headers.ts";
import { toCallerHeaders, toWorkerHeaders } from "./call-headers.ts";
import { noIdentity } from "./call-identity.ts";
import { testTraces } from "./testdata/dispatch-rig.ts";

const facts: CallFacts = {
  ...{
    id: "0b5d7a52-6a7c-4f0e-9d51-5d1f0f1a2b3c",
    namespace: "n",
    agent: "a",
    revision: "a-task-1",
  },
  ...{ trigger: "HTTP", identity: noIdentity, timeoutMs: 1_000, now: Date.UTC(2026, 0, 1) },
};

const own = {
  "ce-type": "dev.apoxy.clrk.taskagent.invoke",
  "ce-time": "2026-01-01T00:00:00.000Z",
  "ce-subject": "http",
  "ce-specversion": "1.0",
  "ce-id": facts.id,
  "ce-source": "clrk://n/a",
  "ce-clrkrevision": "a-task-1",
  "ce-httpmethod": "POST",
  "ce-httpurl": "/",
  "x-clrk-taskagent": "n/a",
  "x-clrk-revision": "a-task-1",
  "x-clrk-invocation-id": facts.id,
  "x-clrk-trigger": "http",
  "x-clrk-timeout-ms": "1000",
};
const root = testTraces.rootOf(facts.id);
const traceparent = root === null ? "" : rootTraceparent(root);

const toWorker = (headers: CallHeaders) => ({ ...toWorkerHeaders(headers, facts, testTraces) });

t.test("toWorkerHeaders() says what the call is, in its own trace", (t) => {
  t.same(toWorker({}), { ...own, traceparent });
  t.end();
});

const dropped: readonly CallHeaders[] = [
  { authorization: "Bearer x", cookie: "a=b", "proxy-authorization": "x" },
  { connection: "close, X-Hop", "x-hop": "1", "keep-alive": "1", te: "trailers", upgrade: "h2c" },
  {
    "transfer-encoding": "chunked",
    expect: "100-continue",
    host: "127.0.0.1",
    prefer: "respond-async",
  },
  { "ce-id": "1", "ce-source": "forged", "ce-clrkidentity": "root", "ce-clrkrevision": "b" },
  { "ce-httpurl": "/secret", "ce-specversion": "0.3", "ce-not_a_name": "1" },
  { "x-clrk-taskagent": "other/agent", "x-clrk-caller": "{}", "x-clrk-refusal": "No" },
  { ce_clrkidentity: "root", "ce_http-url": "/", x_clrk_taskagent: "o/a", "x-clrk_caller": "{}" },
  { traceparent: "nonsense", tracestate: "a=b" },
];

for (const headers of dropped) {
  t.test(`toWorkerHeaders() takes nothing of ${Object.keys(headers).join(", ")}`, (t) => {
    t.same(toWorker(headers), { ...own, traceparent });
    t.end();
  });
}

t.test("toWorkerHeaders() passes on what is the caller's to say", (t) => {
  const sent = {
    ...{ "content-type": "text/plain", "x-own": ["a", "b"], accept: "*/*" },
    ...{ "ce-type": "com.example.asked", "ce-subject": "mail", "ce-tenant": "7" },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "a=b",
  };
  t.same(toWorker(sent), { ...own, ...sent });
  t.end();
});

t.test("toWorkerHeaders() says on whose behalf, in an event's spelling", (t) => {
  const identity = new Map([
    ["user", 'Zoë "%1"'],
    ["tenant", "7"],
  ]);
  const forged = { "ce-clrkidentity": "{}" };
  const headers = toWorkerHeaders(forged, { ...facts, identity }, testTraces);
  const said = headers["ce-clrkidentity"];
  t.equal(said, "{%22user%22:%22Zo%C3%AB%20\\%22%251\\%22%22,%22tenant%22:%227%22}");
  t.same(JSON.parse(decodeURIComponent(String(said))), Object.fromEntries(identity));
  t.end();
});

t.test("toWorkerHeaders() lets nobody into the trace of another invocation", (t) => {
  const other = testTraces.rootOf("1b5d7a52-6a7c-4f0e-9d51-5d1f0f1a2b3c");
  const foreign = other === null ? "" : rootTraceparent(other);
  t.same(toWorker({ traceparent: foreign, tracestate: "a=b" }), { ...own, traceparent });
  t.end();
});

t.test("toCallerHeaders() gives the answer's, the exit code and the id", (t) => {
  const headers = {
    ...{ "content-type": "text/plain", connection: "close", "transfer-encoding": "chunked" },
    ...{ "x-clrk-exit-code": "3", "x-clrk-worker-endpoint": "10.0.0.1:1", "set-cookie": ["a"] },
  };
  t.same(
    { ...toCallerHeaders(headers, facts.id) },
    {
      ...{ "content-type": "text/plain", "x-clrk-exit-code": "3", "set-cookie": ["a"] },
      "x-clrk-invocation-id": facts.id,
    },
  );
  t.end();
});
