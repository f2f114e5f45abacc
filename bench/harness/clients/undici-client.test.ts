import t from "tap";
import { basicAuthorization } from "../connect-proxy-client.ts";
import { createClientBench } from "./client-bench.ts";
import { runUndiciClient } from "./undici-client.ts";

const post = { url: "https://echo.test/echo", method: "POST", body: "ping" };

for (const allowHttp2 of [true, false]) {
  const httpVersion = allowHttp2 ? "2.0" : "1.1";
  t.test(
    `runUndiciClient() speaks HTTP ${httpVersion} to the origin when allowHttp2 is ${allowHttp2}`,
    async (test) => {
      const bench = await createClientBench(test);
      for (const proxy of ["environment", { url: bench.proxy.url }] as const) {
        const result = await runUndiciClient({ ...post, allowHttp2, proxy }, bench);
        test.equal(result.kind, "answered", JSON.stringify(result));
        if (result.kind !== "answered") continue;
        test.match(JSON.parse(result.value.text), {
          httpVersion,
          authority: "echo.test",
          bodyBytes: 4,
        });
        test.equal(result.value.headers["content-type"], "application/json");
      }
      test.equal(bench.proxy.asked.length, 2);
    },
  );
}

t.test("runUndiciClient() sends the credential of the proxy URL when it has one", async (test) => {
  const authorization = basicAuthorization("agent", "secret");
  const bench = await createClientBench(test, { authorization });
  const url = `http://agent:secret@127.0.0.1:${bench.proxy.port}`;
  const result = await runUndiciClient({ ...post, proxy: { url }, ca: bench.ca });
  test.match(result, { kind: "answered", value: { status: 200 } });
  test.equal(bench.proxy.asked[0]?.authorization, authorization);
});

t.test(
  "runUndiciClient() reports a refused tunnel when the proxy wants a credential",
  async (test) => {
    const bench = await createClientBench(test, { authorization: "Basic x" });
    const result = await runUndiciClient({ ...post, proxy: "environment" }, bench);
    test.match(result, { kind: "failed", error: { name: "RequestAbortedError", message: /407/ } });
  },
);

t.test("runUndiciClient() dials directly when the proxy is none", async (test) => {
  const bench = await createClientBench(test);
  const url = `https://127.0.0.1:${bench.provider.port}/echo`;
  const result = await runUndiciClient({ ...post, url, proxy: "none", ca: bench.ca });
  test.match(result, { kind: "failed", error: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
  test.same(bench.proxy.asked, []);
});
