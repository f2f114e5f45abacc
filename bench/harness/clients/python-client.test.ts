import t from "tap";
import { createClientBench } from "./client-bench.ts";
import { missingPython, runPythonClient } from "./python-client.ts";

const post = {
  url: "https://echo.test/echo",
  method: "POST",
  body: "ping",
  headers: { "x-one": "1" },
};

for (const library of ["urllib", "requests"] as const) {
  const skip = (await missingPython(library)) ?? false;
  t.test(
    `runPythonClient() reports the answer when ${library} goes through a proxy`,
    { skip },
    async (test) => {
      const bench = await createClientBench(test);
      const result = await runPythonClient({ ...post, library }, bench);
      test.match(result, { kind: "answered", value: { status: 200 } });
      if (result.kind !== "answered") return;
      test.match(JSON.parse(result.value.text), {
        httpVersion: "1.1",
        bodyBytes: 4,
        headers: { "x-one": "1" },
      });
      test.equal(bench.proxy.asked[0]?.target, "echo.test:443");
    },
  );

  t.test(
    `runPythonClient() reports an error status as an answer when ${library} gets one`,
    { skip },
    async (test) => {
      const bench = await createClientBench(test);
      const result = await runPythonClient({ url: "https://echo.test/status/403", library }, bench);
      test.match(result, { kind: "answered", value: { status: 403, text: '{"status":403}' } });
    },
  );

  t.test(
    `runPythonClient() reports the exception when ${library} is refused a tunnel`,
    { skip },
    async (test) => {
      const bench = await createClientBench(test);
      const result = await runPythonClient({ url: "https://other.test/", library }, bench);
      const name = library === "urllib" ? "URLError" : "ProxyError";
      test.match(result, { kind: "failed", error: { name, message: /403 Forbidden/ } });
    },
  );
}

t.test("missingPython() names what is missing, or nothing", async (test) => {
  test.equal(await missingPython("urllib"), undefined);
});
