import t from "tap";
import { createEchoSite, patternBytes } from "./echo.ts";
import { createRequest, eventsOf, jsonOf } from "./fake-request.ts";

const site = createEchoSite();

function ask(path: string, method = "GET", body?: string) {
  return site.handle(createRequest({ path, method, ...(body === undefined ? {} : { body }) }));
}

t.test("createEchoSite() describes the request at /echo", async (test) => {
  const request = createRequest({ path: "/echo?x=1", body: "abc", headers: { "x-a": "1" } });
  test.match(jsonOf(site.handle(request)), {
    httpVersion: "2.0",
    method: "POST",
    authority: "host.test",
    path: "/echo?x=1",
    headers: { "x-a": "1" },
    servername: null,
    bodyBytes: 3,
    bodySha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
});

t.test("createEchoSite() streams the pattern at /bytes/N", async (test) => {
  for (const size of [1, 65_536, 65_537, 200_000]) {
    const bytes = Buffer.concat(
      [...(ask(`/bytes/${size}`).chunks ?? [])].map((chunk) => Buffer.from(chunk)),
    );
    test.ok(bytes.equals(patternBytes(0, size)));
  }
  test.equal(ask("/bytes/0").body, "");
});

t.test("createEchoSite() numbers events at /sse and passes the interval on", async (test) => {
  const reply = ask("/sse?events=2&intervalMs=9");
  test.same(eventsOf(reply), [{ index: 0 }, { index: 1 }]);
  test.equal(reply.chunkDelayMs, 9);
});

t.test("createEchoSite() answers the wanted status at /status/N", async (test) => {
  test.equal(ask("/status/503", "DELETE").status, 503);
});

const rejected = [
  ["GET", "/echo", 405],
  ["GET", "/sink", 405],
  ["POST", "/bytes/1", 405],
  ["GET", "/bytes/", 400],
  ["GET", "/bytes/-1", 400],
  ["GET", "/bytes/1e3", 400],
  ["GET", "/bytes/9999999999", 400],
  ["GET", "/sse?events=x", 400],
  ["GET", "/sse?events=1&intervalMs=60001", 400],
  ["GET", "/status/199", 400],
  ["GET", "/status/600", 400],
  ["GET", "/", 404],
  ["GET", "/constructor", 404],
] as const;

for (const [method, path, status] of rejected) {
  t.test(`createEchoSite() answers ${status} to ${method} ${path}`, async (test) => {
    test.equal(ask(path, method).status, status);
  });
}

t.test("failure() is JSON with the status", async (test) => {
  test.match(site.failure(502), { status: 502, body: '{"error":"status 502"}' });
});
