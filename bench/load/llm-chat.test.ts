/** Unit tests of the chat call that every contender is sent. */
import t from "tap";
import { askedModel, chatBody } from "./llm-chat.ts";

t.test("chatBody() has exactly the size that is asked for", async (t) => {
  for (const bytes of [600, 2_048, 225_280]) {
    for (const stream of [false, true]) {
      const body = chatBody({ bytes, stream });
      t.equal(Buffer.byteLength(body), bytes, `${bytes} ${stream}`);
      const call = JSON.parse(body);
      t.equal(call.model, askedModel);
      t.equal(call.stream, stream);
      t.equal(call.messages.length, 4);
    }
  }
});

t.test("chatBody() asks for tokens of streams only", async (t) => {
  t.equal(JSON.parse(chatBody({ bytes: 700, stream: false })).stream_options, undefined);
  t.same(JSON.parse(chatBody({ bytes: 700, stream: true })).stream_options, {
    include_usage: true,
  });
});

t.test("chatBody() refuses a size without room for the text", async (t) => {
  t.throws(
    () => chatBody({ bytes: 200, stream: false }),
    new RangeError("Cannot make a chat call of 200 bytes: it is too short"),
  );
});
