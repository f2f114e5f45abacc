/** Unit tests of the HTTP/1.1 framing: every split gives the same messages, broken bytes are refused. */
import t from "tap";
import type { Message } from "./message-reader.ts";
import { createMessageReader, MessageError, statusOf } from "./message-reader.ts";

const stream = [
  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length:0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
  "HTTP/1.1 404 Not Found\r\nx: content-length: 9\r\nCONTENT-LENGTH:  2 \r\nserver: a\r\n\r\nno",
].join("");
const wanted = [
  { status: 200, bodyBytes: 5 },
  { status: 204, bodyBytes: 0 },
  { status: 200, bodyBytes: 0 },
  { status: 200, bodyBytes: 13 },
  { status: 404, bodyBytes: 2 },
];

function read(chunks: readonly Buffer[]): Message[] {
  const messages: Message[] = [];
  const reader = createMessageReader((message) => messages.push(message));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

function outline(messages: readonly Message[]) {
  return messages.map(({ head, bodyBytes }) => ({ status: statusOf(head), bodyBytes }));
}

t.test("push() gives the same messages for every split", async (t) => {
  const bytes = Buffer.from(stream);
  t.same(outline(read([bytes])), wanted, "whole");
  t.same(outline(read([...bytes].map((byte) => Buffer.of(byte)))), wanted, "byte by byte");
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const messages = outline(read([bytes.subarray(0, cut), bytes.subarray(cut)]));
    t.same(messages, wanted, `cut at ${cut}`);
  }
});

t.test("push() does not keep the caller's buffer", async (t) => {
  const messages: Message[] = [];
  const reader = createMessageReader((message) => messages.push(message));
  const borrowed = Buffer.from("HTTP/1.1 200 OK\r\nconte");
  reader.push(borrowed);
  borrowed.fill(0);
  reader.push(Buffer.from("nt-length: 1\r\n\r\nx"));
  t.same(outline(messages), [{ status: 200, bodyBytes: 1 }]);
});

t.test("push() gives nothing when the end is missing", async (t) => {
  for (const text of [
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
  ]) {
    t.same(read([Buffer.from(text)]), []);
  }
});

t.test("push() refuses bytes that are no message", async (t) => {
  const rows = [
    {
      text: "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
      want: 'content-length "x" is not a number',
    },
    {
      text: "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
      want: 'content-length "-1" is not a number',
    },
    {
      text: "GET / HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\n",
      want: 'content-length "1, 1" is not a number',
    },
    {
      text: "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      want: 'chunk size "zz" is not a number',
    },
    { text: "x".repeat(40_000), want: "head is over 32768 bytes" },
    { text: `${"x".repeat(40_000)}\r\n\r\n`, want: "head is over 32768 bytes" },
    {
      text: `GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n${"1".repeat(40_000)}`,
      want: "chunk line is over 32768 bytes",
    },
  ];
  for (const row of rows) {
    t.throws(
      () => read([Buffer.from(row.text)]),
      new MessageError(`Cannot read message: ${row.want}`),
    );
  }
});

t.test("statusOf() refuses a line that is no status line", async (t) => {
  t.equal(statusOf("HTTP/1.0 407 Proxy Authentication Required"), 407);
  for (const line of ["", "GET / HTTP/1.1", "HTTP/1.1 abc", "HTTP/2 200"]) {
    t.throws(() => statusOf(line), new MessageError(`Cannot read status line: received "${line}"`));
  }
});

t.test("push() tells the first byte of each body before its message", async (t) => {
  const length = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
  const chunked =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
  const none = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  const bytes = Buffer.from(`${length}${none}${chunked}${length}`);
  const wanted = ["body", "message", "message", "body", "message", "body", "message"];
  for (const size of [1, 5, bytes.length]) {
    const events: string[] = [];
    const reader = createMessageReader(
      () => events.push("message"),
      () => events.push("body"),
    );
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    t.same(events, wanted, `chunks of ${size}`);
  }
});
