import t from "tap";
import { describeError, runClient } from "./child-client.ts";

t.test("runClient() returns the printed report when the program prints one", async (test) => {
  const program =
    "console.log(JSON.stringify({kind: 'answered', value: Object.keys(process.env).filter((name) => !/^(NODE_OPTIONS|_TAPJS_.*)$/.test(name)).sort()}))";
  const run = { environment: { ONLY: "1" } };
  const result = await runClient<string[]>(process.execPath, ["-e", program], run);
  test.same(result, { kind: "answered", value: ["HOME", "ONLY", "PATH"] });
});

t.test("runClient() throws with the program's complaint when it prints no report", async (test) => {
  await test.rejects(runClient(process.execPath, ["-e", "console.error('no luck')"], {}), {
    message: `Cannot read report of "${process.execPath}": no luck`,
  });
});

t.test("runClient() throws when the program is late", async (test) => {
  const run = { deadlineMs: 100 };
  await test.rejects(runClient(process.execPath, ["-e", "setInterval(() => {}, 1000)"], run), {
    message: `Cannot read report of "${process.execPath}": still running after 100 ms`,
  });
});

t.test("describeError() keeps what errors of clients carry", async (test) => {
  const cause = Object.assign(new Error("inner"), { code: "ECONNRESET" });
  const error = Object.assign(new TypeError("outer", { cause }), {
    status: 403,
    type: "denied",
    requestID: "r1",
  });
  test.same(describeError(error), {
    name: "TypeError",
    message: "outer",
    status: 403,
    type: "denied",
    requestId: "r1",
    causes: ["ECONNRESET"],
  });
  test.same(describeError("text"), { name: "unknown", message: "text", causes: [] });
  test.equal(
    describeError(Object.assign(new Error("x"), { code: 7 })).status,
    7,
    "gRPC puts it in code",
  );
});
