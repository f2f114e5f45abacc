/** Tests of what is kept while a policy waits: copies, in order, and no more than the bounds. */
import t from "tap";
import { decodeProcessingRequest } from "./messages.ts";
import { envoyMessage } from "./testdata/envoy-messages.ts";
import { headerView, message, requestHeaders } from "./testdata/playbook.ts";
import { plainMessage } from "./testdata/request-oracle.ts";
import { ownedHeaders, WaitingMessages } from "./waiting-messages.ts";

const mebibyte = 1024 * 1024;

t.test("take() gives the messages in their order, whatever became of the bytes", async (t) => {
  const messages = [
    message("request-body", { body: "first" }),
    message("request-body", { body: "", endOfStream: true }),
    message("request-trailers", { headers: { "x-checksum": "é1" }, endOfStream: true }),
  ];
  const waiting = new WaitingMessages();
  for (const one of messages) {
    const bytes = envoyMessage(one);
    t.ok(waiting.add(decodeProcessingRequest(bytes, 0, bytes.length)));
    bytes.fill(0xff);
  }
  t.same(waiting.take().map(plainMessage), messages.map(plainMessage));
  t.same(waiting.take(), [], "they are the caller's");
});

t.test("add() keeps a mebibyte of bodies and not a byte more", async (t) => {
  const waiting = new WaitingMessages();
  t.ok(waiting.add(message("request-body", { body: Buffer.alloc(mebibyte) })));
  t.ok(waiting.add(message("request-body")), "an empty piece takes nothing");
  t.notOk(waiting.add(message("request-body", { body: "x" })));
});

t.test("add() counts names and values of headers", async (t) => {
  const waiting = new WaitingMessages();
  const headers = { name: "v".repeat(mebibyte - "name".length) };
  t.ok(waiting.add(message("request-trailers", { headers })));
  t.notOk(waiting.add(message("request-trailers", { headers: { a: "" } })));
});

t.test("add() keeps 256 messages, however small", async (t) => {
  const waiting = new WaitingMessages();
  for (let count = 1; count <= 256; count++) t.ok(waiting.add(message("request-body")));
  t.notOk(waiting.add(message("request-body")));
});

t.test("add() keeps nothing any more once there was too much", async (t) => {
  const waiting = new WaitingMessages();
  t.ok(waiting.add(message("request-body", { body: "kept" })));
  t.notOk(waiting.add(message("request-body", { body: Buffer.alloc(mebibyte) })));
  t.notOk(waiting.add(message("request-body", { body: "small" })));
  t.notOk(waiting.add(message("request-body")), "not an empty one either");
  t.same(waiting.take(), [], "part of a body would pass for all of it");
});

t.test("add() has all its room again when messages were taken", async (t) => {
  const waiting = new WaitingMessages();
  for (let round = 0; round < 3; round++) {
    t.ok(waiting.add(message("request-body", { body: Buffer.alloc(mebibyte) })));
    t.equal(waiting.take().length, 1);
  }
});

t.test("ownedHeaders() finds what the view found, the first of several", async (t) => {
  const bytes = envoyMessage(requestHeaders({ "x-one": "1" }));
  const { headers } = decodeProcessingRequest(bytes, 0, bytes.length);
  const owned = ownedHeaders(headers);
  bytes.fill(0);
  t.equal(owned.find("x-one"), "1");
  t.equal(owned.find(":authority"), "api.openai.com");
  t.equal(owned.find("X-One"), undefined, "names are lower-case");
  t.equal(owned.find("constructor"), undefined);
  const twice = ownedHeaders({
    ...headerView({}),
    entries: () => [
      ["a", "1"],
      ["a", "2"],
    ],
  });
  t.equal(twice.find("a"), "1");
});
