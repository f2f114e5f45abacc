import t from "tap";
import type { Test } from "tap";
import { openSecureTunnel, requestThrough } from "./agent-requests.ts";
import type { AgentAccess } from "./agent-requests.ts";
import { basicAuthorization } from "./connect-proxy-client.ts";
import { createPlainConnectProxy } from "./plain-connect-proxy.ts";
import { startUpstreams } from "./upstreams.ts";
import type { Upstreams } from "./upstreams.ts";

const authorization = basicAuthorization("run", "token");

async function start(test: Test): Promise<{ access: AgentAccess; upstreams: Upstreams }> {
  const upstreams = await startUpstreams(test, {
    tlsHosts: ["echo.test"],
    plainHosts: ["plain.test"],
  });
  const targets = new Map([
    ["echo.test:443", upstreams.tls],
    ["plain.test:80", upstreams.plain],
  ]);
  const proxy = await createPlainConnectProxy({ targets, authorization });
  test.teardown(() => proxy.close());
  return { access: { proxy, authorization, ca: upstreams.upstreamCa }, upstreams };
}

t.test("requestThrough() tunnels https and sends http in absolute form", async (test) => {
  const { access, upstreams } = await start(test);
  const ask = { method: "POST", body: "hello", headers: { "x-a": "1" } };
  const secure = await requestThrough(access, "https://echo.test/echo?q=1", ask);
  test.equal(secure.status, 200);
  test.match(upstreams.tls.requests, [
    { method: "POST", path: "/echo?q=1", authority: "echo.test", headers: { "x-a": "1" } },
  ]);
  const plain = await requestThrough(access, "http://plain.test/echo", ask);
  test.equal(plain.status, 200);
  test.match(upstreams.plain.requests, [{ authority: "plain.test", bodyBytes: 5 }]);
});

t.test("requestThrough() may name another authority than the tunnel", async (test) => {
  const { access, upstreams } = await start(test);
  await requestThrough(access, "https://echo.test/", { authority: "other.test" });
  test.match(upstreams.tls.requests, [{ authority: "other.test", servername: "echo.test" }]);
});

t.test("openSecureTunnel() rejects a refused tunnel and a protocol not agreed", async (test) => {
  const { access } = await start(test);
  await test.rejects(openSecureTunnel(access, "denied.test:443"), {
    message: /^Cannot open tunnel to "denied\.test:443": 403/,
  });
  const secure = await openSecureTunnel(access, "echo.test:443", "h2");
  test.equal(secure.alpnProtocol, "h2");
  secure.destroy();
  await test.rejects(openSecureTunnel({ ...access, authorization: "none" }, "echo.test:443"), {
    message: /^Cannot open tunnel to "echo\.test:443": 407/,
  });
});
