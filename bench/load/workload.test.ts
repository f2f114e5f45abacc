/** Unit tests of the request bytes and of the guards at the process border. */
import t from "tap";
import { createMessageReader } from "./message-reader.ts";
import { encodeRequest, isClientCommand, isClientReport } from "./workload.ts";

t.test("encodeRequest() gives a body of the size asked for", async (t) => {
  const shape = { method: "POST", path: "/v1/messages", headers: ["x-a: b"], bodyBytes: 2_048 };
  const bytes = encodeRequest(shape, "a.bench.test");
  const messages: { head: string; bodyBytes: number }[] = [];
  createMessageReader((message) => messages.push(message)).push(bytes);
  t.equal(messages.length, 1);
  t.equal(messages[0]?.bodyBytes, 2_048);
  t.equal(
    messages[0]?.head,
    "POST /v1/messages HTTP/1.1\r\nhost: a.bench.test\r\ncontent-type: application/json\r\n" +
      "x-a: b\r\ncontent-length: 2048",
  );
  t.doesNotThrow(() => JSON.parse(bytes.subarray(-2_048).toString()));
});

t.test("encodeRequest() gives no body when its size is 0", async (t) => {
  const shape = { method: "GET", path: "/", headers: [], bodyBytes: 0 };
  t.equal(
    encodeRequest(shape, "a").toString(),
    "GET / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\r\n",
  );
});

t.test("isClientCommand() and isClientReport() refuse what they do not know", async (t) => {
  t.ok(isClientCommand({ kind: "go" }));
  t.ok(isClientReport({ kind: "ready" }));
  for (const message of [undefined, null, "go", 1, {}, { kind: 1 }, { kind: "stop" }]) {
    t.notOk(isClientCommand(message));
    t.notOk(isClientReport(message));
  }
});
