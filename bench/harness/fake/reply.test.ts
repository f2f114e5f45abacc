import t from "tap";
import { eventReply, jsonReply } from "./reply.ts";

t.test("jsonReply() has the media type and the given headers", async (test) => {
  test.same(jsonReply(404, { a: 1 }, { allow: "GET" }), {
    status: 404,
    headers: { "content-type": "application/json", allow: "GET" },
    body: '{"a":1}',
  });
});

t.test("eventReply() frames named, unnamed and text events", async (test) => {
  const { status, headers, chunks } = eventReply([
    { event: "x", data: { a: 1 } },
    { data: "[DONE]" },
  ]);
  test.equal(status, 200);
  test.equal(headers["content-type"], "text/event-stream; charset=utf-8");
  test.same([...(chunks ?? [])], ['event: x\ndata: {"a":1}\n\n', "data: [DONE]\n\n"]);
});
