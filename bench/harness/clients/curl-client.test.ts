import t from "tap";
import { createClientBench } from "./client-bench.ts";
import { runCurlClient } from "./curl-client.ts";

const post = { url: "https://echo.test/echo", body: "ping", headers: { "x-one": "1" } };

for (const [flag, httpVersion] of [
  ["--http2", "2"],
  ["--http1.1", "1.1"],
] as const) {
  t.test(`runCurlClient() reports status, headers and body when run with ${flag}`, async (test) => {
    const bench = await createClientBench(test);
    const result = await runCurlClient({ ...post, arguments: [flag] }, bench);
    test.match(result, {
      kind: "answered",
      value: { status: 200, httpVersion, connectStatus: 200 },
    });
    if (result.kind !== "answered") return;
    test.match(JSON.parse(result.value.text), {
      method: "POST",
      bodyBytes: 4,
      headers: { "x-one": "1" },
    });
    test.equal(result.value.headers["content-type"], "application/json");
  });
}

t.test(
  "runCurlClient() reports curl's exit status when the proxy refuses the tunnel",
  async (test) => {
    const bench = await createClientBench(test);
    const result = await runCurlClient({ url: "https://other.test/" }, bench);
    test.match(result, {
      kind: "failed",
      error: {
        name: "CurlError",
        status: 56,
        message: "curl: (56) CONNECT tunnel failed, response 403",
      },
    });
  },
);

t.test(
  "runCurlClient() reports curl's exit status when the certificate is not trusted",
  async (test) => {
    const bench = await createClientBench(test);
    const { CURL_CA_BUNDLE: _one, SSL_CERT_FILE: _two, ...environment } = bench.environment;
    const result = await runCurlClient(post, { environment });
    test.match(result, { kind: "failed", error: { status: 60 } });
  },
);
