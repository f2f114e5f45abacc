/** Bodies of every media type: what is taken out, and that nothing survives a cut, an escape or a stream's pieces. */
import t from "tap";
import { seededChoices } from "./testdata/seeded-choices.ts";
import type { BodyRedactionPlan } from "../snapshot-terms.ts";
import { BodyRedaction } from "./body-redaction.ts";

const nothing: BodyRedactionPlan = { jsonPaths: [], shapes: [], patterns: [] };

function redact(body: string, mediaType: string, plan: Partial<BodyRedactionPlan>): string {
  return new BodyRedaction({ ...nothing, ...plan }).redact(body, mediaType, "whole");
}

const json = "application/json";
const events = "text/event-stream";
const paths = { jsonPaths: ["$..content"] } as const;

const rows: readonly (readonly [
  name: string,
  body: string,
  mediaType: string,
  plan: Partial<BodyRedactionPlan>,
  want: string,
])[] = [
  ["JSON by paths", '{"content":"x","n":1}', json, paths, '{"content":"[redacted]","n":1}'],
  ["+json", '{"content":"x"}', "application/problem+json", paths, '{"content":"[redacted]"}'],
  [
    "a byte order mark",
    '\u00ef\u00bb\u00bf{"content":1}',
    json,
    paths,
    '\u00ef\u00bb\u00bf{"content":"[redacted]"}',
  ],
  [
    "NDJSON",
    '{"content":1}\n{"content":2}\n',
    "application/x-ndjson",
    paths,
    '{"content":"[redacted]"}\n{"content":"[redacted]"}\n',
  ],
  ["JSON that says it is text", ' {"content":1}', "text/plain", paths, ' {"content":"[redacted]"}'],
  ["JSON by its old name", 'x{"content":1}', "text/json", paths, "[redacted]"],
  ["text, which has no paths", "content: x", "text/plain", paths, "content: x"],
  [
    "what nobody can read by paths",
    "\u0001\u0002content",
    "application/vnd.amazon.eventstream",
    paths,
    "[redacted]",
  ],
  [
    "JSON that says it is text, behind many blanks",
    `${" ".repeat(65)}{"content":1}`,
    "text/plain",
    paths,
    `${" ".repeat(65)}{"content":"[redacted]"}`,
  ],
  ["a shape in UTF-16", "a\0@\0b\0.\0c\0o\0", json, { shapes: ["Email"] }, "a[redacted]"],
  [
    "events behind a byte order mark",
    '\u00ef\u00bb\u00bfdata: {"content":"x"}\n\n',
    events,
    paths,
    '\u00ef\u00bb\u00bfdata: {"content":"[redacted]"}\n\n',
  ],
  ["JSON that says it is a stream", '{"content":"x"}', events, paths, "[redacted]"],
  [
    "fields of events that are no data",
    ': ping\nevent: e\nid: 1\nretry: 9\n{"content":\n"x"}\n\n',
    events,
    paths,
    ": ping\nevent: e\nid: 1\nretry: 9\n[redacted]\n[redacted]\n\n",
  ],
  ["JSON in UTF-16", '{\0"\0c\0', json, paths, "{[redacted]"],
  [
    "events",
    'event: e\ndata: {"content":"x"}\n\ndata: [DONE]\n\n',
    events,
    paths,
    'event: e\ndata: {"content":"[redacted]"}\n\ndata: [DONE]\n\n',
  ],
  [
    "an event over lines",
    'data: {"content":\ndata: "x"}\n\n',
    events,
    paths,
    "data: [redacted]\ndata: [redacted]\n\n",
  ],
  ["an event that is no JSON", "data: content x\n\n", events, paths, "data: [redacted]\n\n"],
  [
    "an expression",
    "order CUST-123456!",
    "text/plain",
    { patterns: ["CUST-[0-9]{6}"] },
    "order [redacted]!",
  ],
  [
    "an expression behind escapes",
    '{"a":"CUST\\u002d123456"}',
    json,
    { patterns: ["CUST-[0-9]{6}"] },
    '{"a":"[redacted]"}',
  ],
  [
    "a shape behind escapes",
    "mail=alice%40example.com&x=1",
    "application/x-www-form-urlencoded",
    { shapes: ["Email"] },
    "mail=[redacted email]&x=1",
  ],
  [
    "keys without being asked",
    '{"k":"sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAA"}',
    json,
    {},
    '{"k":"[redacted]"}',
  ],
  [
    "private keys without being asked",
    '"-----BEGIN PRIVATE KEY-----\\nMII',
    json,
    {},
    '"[redacted private key]',
  ],
  ["nothing", '{"a":1}', json, {}, '{"a":1}'],
];

for (const [name, body, mediaType, plan, want] of rows) {
  t.test(`BodyRedaction takes out of ${name}`, async (t) =>
    t.equal(redact(body, mediaType, plan), want),
  );
}

/** A stream that tells a text in pieces of the lengths. */
function chatStream(text: string, lengths: readonly number[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  pieces.push(text.slice(at));
  return pieces
    .map(
      (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
    )
    .join("");
}

/** What an agent reads of it. */
function textOf(stream: string): string {
  return [...stream.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, text = '""']) => String(JSON.parse(text)))
    .join("");
}

t.test("BodyRedaction finds what a stream tells in pieces of any size", async (t) => {
  const redaction = new BodyRedaction({
    ...nothing,
    shapes: ["Email", "PaymentCard"],
    patterns: ["CUST-[0-9]{6}"],
  });
  const text =
    'Mr "X" alice.smith@example.com pays by 4111 1111 1111 1111 as CUST-123456 with sk-proj-A1b2C3d4E5f6G7h8 ok';
  const want =
    'Mr "X" [redacted email] pays by [redacted payment card] as [redacted] with [redacted] ok';
  const random = seededChoices(3);
  for (let round = 0; round < 500; round++) {
    const stream = chatStream(
      text,
      Array.from({ length: 40 }, () => random.below(6)),
    );
    const redacted = redaction.redact(stream, events, "whole");
    if (textOf(redacted) !== want) return t.equal(textOf(redacted), want, stream);
  }
  return t.pass();
});

t.test("BodyRedaction keeps texts apart that a stream tells at the same time", async (t) => {
  const event = (index: number, content: string) =>
    `data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`;
  const stream = [
    event(0, "alice@"),
    event(1, "4111 1111 "),
    event(0, "example"),
    event(1, "1111 1111"),
    event(0, ".com"),
  ];
  const redacted = redact(stream.join(""), events, { shapes: ["Email", "PaymentCard"] });
  t.notMatch(redacted, /alice|example|4111/);
  t.match(redacted, "[redacted email]");
  t.match(redacted, "[redacted payment card]");
});

t.test("BodyRedaction keeps no text of a stream with more places than it follows", async (t) => {
  const event = (name: string, text: string) => `data: ${JSON.stringify({ [name]: text })}\n\n`;
  const others = Array.from({ length: 20_000 }, (_, index) => event(`n${index}`, "x"));
  const stream = [...others, event("last", "alice@"), event("last", "example.com")].join("");
  const redacted = redact(stream, events, { shapes: ["Email"] });
  t.notMatch(redacted, /alice|example/);
  t.match(redacted, 'data: {"n0":"x"}');
});

t.test("BodyRedaction keeps nothing of a shape, wherever the body is cut off", async (t) => {
  const redaction = new BodyRedaction({ ...nothing, shapes: ["Email", "PaymentCard", "IBAN"] });
  const body =
    '{"m":"write to alice.smith@example.com, card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00"}';
  for (let length = 0; length <= body.length; length++) {
    const redacted = redaction.redact(body.slice(0, length), json, "cut");
    t.notMatch(redacted, /@|411|3704/, body.slice(0, length));
  }
});
