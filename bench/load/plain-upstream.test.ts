/** Unit tests of the fake model API over real sockets: what it answers to whom. */
import { once } from "node:events";
import { connect } from "node:net";
import t from "tap";
import { createMessageReader } from "./message-reader.ts";
import { createPlainUpstream, tryParseAnswer } from "./plain-upstream.ts";
import { encodeChatCall } from "./plain-workload.ts";
import { listen } from "./testdata/listen.ts";

t.test("tryParseAnswer() reads what is wanted and nothing else", async (t) => {
  t.same(tryParseAnswer("json"), { events: 0, gapMs: 0 });
  t.same(tryParseAnswer("events 200 2"), { events: 200, gapMs: 2 });
  t.same(tryParseAnswer("events 1 0"), { events: 1, gapMs: 0 });
  const refused = ["", "JSON", "events", "events 0 1", "events 1", "events 1 2 3", "events -1 0"];
  for (const value of [...refused, "events 100001 0", "events 1e3 0", " json", "events 1 100000"]) {
    t.equal(tryParseAnswer(value), undefined, JSON.stringify(value));
  }
});

type Test = Pick<typeof t, "teardown">;

async function ask(t: Test, answers: readonly string[]) {
  const { counts, server } = createPlainUpstream();
  const port = await listen(t, server);
  const socket = connect({ port, host: "127.0.0.1" });
  t.teardown(() => socket.destroy());
  const messages: { readonly head: string; readonly bodyBytes: number }[] = [];
  let text = "";
  const reader = createMessageReader((message) => messages.push(message));
  for (const answer of answers) {
    const before = messages.length;
    socket.write(encodeChatCall({ answer, bodyBytes: 300 }, "/x"));
    while (messages.length === before) {
      const [chunk] = await once(socket, "data");
      text += chunk.toString();
      reader.push(chunk);
    }
  }
  return { messages, text, counts: counts() };
}

t.test("createPlainUpstream() answers with a completion that tells its tokens", async (t) => {
  const { counts, messages, text } = await ask(t, ["json", "json"]);
  t.equal(messages.length, 2);
  t.match(messages[0]?.head, /^HTTP\/1.1 200 OK\r\ncontent-type: application\/json\r\n/);
  const size = messages[0]?.bodyBytes ?? 0;
  t.ok(size > 1_900 && size < 2_300, `${size} bytes`);
  const body = JSON.parse(text.split("\r\n\r\n")[1]?.slice(0, size) ?? "");
  t.equal(body.usage.prompt_tokens, 512);
  t.same(counts, { handshakes: 1, requests: 2, credentialed: 0 });
});

t.test("createPlainUpstream() streams as many events as are asked for", async (t) => {
  for (const answer of ["events 5 0", "events 5 1"]) {
    const { messages, text } = await ask(t, [answer]);
    t.match(messages[0]?.head, /\r\ncontent-type: text\/event-stream\r\n/);
    // The last one comes with the tokens and the end mark.
    t.equal(text.split("data: {").length - 1, 6, answer);
    t.equal(text.split('"usage":{').length - 1, 1, answer);
    t.match(text, /data: \[DONE\]\n\n\r\n0\r\n\r\n$/);
  }
});

t.test("createPlainUpstream() refuses what it cannot read", async (t) => {
  const { messages } = await ask(t, ["poem"]);
  t.match(messages[0]?.head, /^HTTP\/1.1 400 /);
});
