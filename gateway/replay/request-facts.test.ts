/** Tests of what a record tells of its request. */
import t from "tap";
import { engineRecord, httpRecord } from "../testdata/egress-record.ts";
import { recordedRequest, unreadRequest } from "./request-facts.ts";

const record = httpRecord();
const captured = (headers: readonly (readonly [string, string])[]) => ({
  capture: {
    requestHeaders: headers,
    requestBody: null,
    responseHeaders: [],
    responseBody: null,
  },
});
const get = { ...record.request, method: "GET", bytes: 0 };
const refused = { verdict: "deny", reason: "no-rule", message: "", route: null } as const;

t.test("recordedRequest() has what every record has", async (t) => {
  const { header, host, path, hasBody, body } = recordedRequest(record);
  t.equal(host, "api.openai.com");
  t.same(path, { known: "/v1/chat/completions" });
  t.equal(header(":method"), "POST");
  t.equal(header(":authority"), "api.openai.com:443");
  t.equal(header(":path"), "/v1/chat/completions");
  t.equal(header("user-agent"), "OpenAI/JS 7.57.0");
  t.equal(hasBody, true);
  t.same(body, { bytes: 512, isWhole: true });
});

t.test("recordedRequest() knows headers only where they were kept", async (t) => {
  t.same(recordedRequest(record).header("x-team"), { missing: "header x-team" });
  const { header } = recordedRequest(
    httpRecord(
      captured([
        ["x-team", "blue"],
        ["cookie", "[redacted]"],
        ["x-team", "red"],
      ]),
    ),
  );
  t.equal(header("x-team"), "blue,red");
  t.equal(header("x-other"), undefined);
  t.same(header("cookie"), { missing: "header cookie" });
});

t.test("recordedRequest() knows the model where somebody read it", async (t) => {
  t.same(recordedRequest(record).model, { missing: "model of the request" });
  t.equal(recordedRequest(engineRecord()).model, engineRecord().model?.requestModel);
});

const upgrades = [
  {
    name: "switched protocols",
    changes: { response: { ...record.response, status: 101 } },
    value: "websocket",
  },
  { name: "a POST", changes: {}, value: undefined },
  { name: "a GET that was answered", changes: { request: get }, value: undefined },
  {
    name: "a GET that was refused",
    changes: { request: get, upstream: null, decision: refused },
    value: { missing: "header upgrade" },
  },
  {
    name: "a refused GET by HTTP/2",
    changes: { request: { ...get, protocol: "HTTP/2" }, upstream: null, decision: refused },
    value: undefined,
  },
];

for (const { name, changes, value } of upgrades) {
  t.test(`recordedRequest() tells whether ${name} asked for a WebSocket`, async (t) => {
    t.same(recordedRequest(httpRecord(changes)).header("upgrade"), value);
  });
}

t.test("recordedRequest() does not know whether a refused request had a body", async (t) => {
  const { hasBody, body } = recordedRequest(
    httpRecord({ request: { ...get, method: "POST" }, upstream: null, decision: refused }),
  );
  t.same(hasBody, { missing: "body of the request" });
  t.equal(body.isWhole, false);
  t.equal(recordedRequest(httpRecord({ request: get })).hasBody, false);
});

t.test("unreadRequest() knows the host and nothing else", async (t) => {
  const { host, path, header } = unreadRequest("A.test", "tls");
  t.equal(host, "a.test");
  t.same(path.missing, { missing: "request inside TLS" });
  t.same(header(":method"), { missing: "request inside TLS" });
});
