/** Unit tests of the fake model APIs over real sockets: what they answer to whom, whole and streamed. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import t from "tap";
import { anthropicAnswers, brokenPath, deltaText, openaiAnswers } from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { createModelUpstream, StreamWish } from "./llm-upstream.ts";
import { createMessageReader, statusOf } from "./message-reader.ts";
import { createTestAuthority } from "./test-authority.ts";
import { listen } from "./testdata/listen.ts";

function call(answers: ModelAnswers, body: string, more: { path?: string; key?: string } = {}) {
  const { header, value } = answers.credential;
  const { key = value, path = answers.path } = more;
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\n${header}: ${key}\r\n`;
  return `${head}content-length: ${body.length}\r\n\r\n${body}`;
}

async function ask(socket: Socket, request: string): Promise<{ status: number; text: string }> {
  let text = "";
  let status: number | undefined;
  const reader = createMessageReader(({ head }) => {
    status = statusOf(head);
  });
  socket.write(request);
  while (status === undefined) {
    const [chunk] = await once(socket, "data");
    text += chunk.toString();
    reader.push(chunk);
  }
  return { status, text };
}

async function open(t: Parameters<typeof listen>[0]) {
  const { counts, server } = createModelUpstream({ events: 5 });
  const socket = connect({ host: "127.0.0.1", port: await listen(t, server) });
  t.teardown(() => socket.destroy());
  return { counts, socket };
}

t.test("createModelUpstream() answers both dialects, whole and streamed", async (t) => {
  const { counts, socket } = await open(t);
  for (const answers of [openaiAnswers, anthropicAnswers]) {
    const whole = await ask(socket, call(answers, '{"stream":false}'));
    t.equal(whole.text, answers.whole.toString(), answers.path);
    const streamed = await ask(socket, call(answers, '{"stream":true}'));
    t.equal(streamed.status, 200);
    t.equal(streamed.text.split(deltaText).length - 1, 3, "of five pieces three are text");
    t.match(streamed.text, /0\r\n\r\n$/);
  }
  t.same(counts(), { handshakes: 1, requests: 4, credentialed: 4 });
});

t.test("createModelUpstream() refuses what it does not know", async (t) => {
  const { counts, socket } = await open(t);
  const body = "{}";
  const rows = [
    {
      name: "another path",
      request: call(openaiAnswers, body, { path: "/v1/models" }),
      status: 404,
    },
    {
      name: "another key",
      request: call(openaiAnswers, body, { key: "placeholder" }),
      status: 401,
    },
    {
      name: "the key of the other API",
      request: call(anthropicAnswers, body, { key: openaiAnswers.credential.value }),
      status: 401,
    },
    {
      name: "a backend that is down",
      request: call(openaiAnswers, body, { path: `${brokenPath}${openaiAnswers.path}` }),
      status: 503,
    },
  ];
  for (const { name, request, status } of rows) {
    t.equal((await ask(socket, request)).status, status, name);
  }
  t.same(counts(), { handshakes: 1, requests: 4, credentialed: 0 });
});

t.test("createModelUpstream() takes a credential's field in any case", async (t) => {
  const { socket } = await open(t);
  const request = call(openaiAnswers, "{}").replace("authorization:", "Authorization:");
  t.equal((await ask(socket, request)).status, 200);
});

t.test("createModelUpstream() speaks TLS with a certificate", async (t) => {
  const authority = await createTestAuthority(t.testdir({}), ["api.openai.com"]);
  const { server } = createModelUpstream({ events: 3, tls: authority });
  const port = await listen(t, server);
  const socket = connectTls({
    ...{ host: "127.0.0.1", port, servername: "api.openai.com", ca: authority.caPem },
  });
  t.teardown(() => socket.destroy());
  t.equal((await ask(socket, call(openaiAnswers, "{}"))).status, 200);
});

t.test("StreamWish finds the wish wherever pieces are cut", async (t) => {
  const rows = [
    { text: '{"model":"m","stream":true,"n":1}', wants: true },
    { text: '{"model": "m", "stream": true}', wants: true },
    { text: '{"model":"m","stream":false}', wants: false },
    { text: '{"model":"m","stream_options":{"a":true}}', wants: false },
  ];
  for (const { text, wants } of rows) {
    for (let at = 0; at <= text.length; at += 1) {
      const wish = new StreamWish();
      wish.read(Buffer.from(text.slice(0, at)));
      wish.read(Buffer.from(text.slice(at)));
      t.equal(wish.take(), wants, `${text} cut at ${at}`);
    }
    const wish = new StreamWish();
    for (const byte of Buffer.from(text)) wish.read(Buffer.from([byte]));
    t.equal(wish.take(), wants, `${text} byte by byte`);
  }
});

t.test("StreamWish forgets what was taken", async (t) => {
  const wish = new StreamWish();
  wish.read(Buffer.from('{"stream":true}'));
  t.equal(wish.take(), true);
  wish.read(Buffer.from("{}"));
  t.equal(wish.take(), false);
});
