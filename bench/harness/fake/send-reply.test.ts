import { createServer } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { httpOver } from "../http-over-socket.ts";
import type { HttpResponse } from "../http-over-socket.ts";
import { openTcp } from "../proxy-protocol-client.ts";
import type { Misbehaviour } from "./misbehaviour.ts";
import { describeRequest } from "./received-request.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { Reply } from "./reply.ts";
import { sendReply } from "./send-reply.ts";

/** Answers one request with `reply`; resolves with what the client saw and the completed record. */
async function exchange(
  test: Test,
  reply: Reply,
  options: { fault?: Misbehaviour; method?: string } = {},
): Promise<{ response: HttpResponse; record: ReceivedRequest }> {
  const done = Promise.withResolvers<ReceivedRequest>();
  const server = createServer((request, response) => {
    const record = describeRequest(request);
    void sendReply(response, record, { reply, fault: options.fault }).then(() =>
      done.resolve(record),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const socket = await openTcp({ address: "127.0.0.1", port });
  const method = options.method ?? "GET";
  try {
    const response = await httpOver(socket, { method, path: "/", authority: "x.test" });
    return { response, record: await done.promise };
  } finally {
    socket.destroy();
  }
}

const headers = { "content-type": "text/plain" };

t.test("sendReply() sends a body with its length", async (test) => {
  const { response, record } = await exchange(test, { status: 201, headers, body: "ünï" });
  test.match(response, {
    status: 201,
    text: "ünï",
    complete: true,
    headers: { ...headers, "content-length": "5" },
  });
  test.match(record, { status: 201, replyState: "sent" });
});

t.test("sendReply() sends chunks and trailers without a length", async (test) => {
  const { response } = await exchange(test, {
    status: 200,
    headers,
    chunks: ["a", "b"],
    trailers: { "x-end": "1" },
  });
  test.match(response, { text: "ab", complete: true, headers: { "transfer-encoding": "chunked" } });
  test.equal(response.headers["content-length"], undefined);
});

t.test("sendReply() sends no body to HEAD and with 204", async (test) => {
  const reply = { status: 200, headers, chunks: ["a"] };
  test.match(await exchange(test, reply, { method: "HEAD" }), {
    response: { status: 200, text: "" },
  });
  test.match(await exchange(test, { status: 204, headers: {} }), {
    response: { status: 204, text: "" },
  });
});

t.test("sendReply() cuts before, within and after the chunks", async (test) => {
  const reply = { status: 200, headers, chunks: ["a", "b"] };
  for (const [cutAfterChunks, text] of [
    [0, ""],
    [1, "a"],
    [2, "ab"],
  ] as const) {
    const { response, record } = await exchange(test, reply, { fault: { cutAfterChunks } });
    test.match(response, { text, complete: false });
    test.equal(record.replyState, "cut");
  }
  test.match(await exchange(test, reply, { fault: { cutAfterChunks: 3 } }), {
    response: { complete: true },
  });
});

t.test("sendReply() cuts where the reply says so", async (test) => {
  const reply = { status: 200, headers, chunks: ["a", "b"], cutAfterChunks: 1 };
  const { response, record } = await exchange(test, reply);
  test.match(response, { text: "a", complete: false });
  test.equal(record.replyState, "cut");
});

t.test("sendReply() ends the connection without a word when told to close", async (test) => {
  await test.rejects(exchange(test, { status: 200, headers }, { fault: { close: true } }), {
    code: "ECONNRESET",
  });
});
