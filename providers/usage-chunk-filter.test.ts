import t from "tap";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";
import { createUsageChunkFilter } from "./usage-chunk-filter.ts";

const head = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m"';
const usage = '{"prompt_tokens":8,"completion_tokens":9,"total_tokens":17}';
const text = `data: {${head},"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}\n\n`;
const finish = `data: {${head},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n`;
const counts = `data: {${head},"choices":[],"usage":${usage}}\n\n`;
const done = "data: [DONE]\n\n";

/** What passes, when the stream comes in these pieces. */
function filtered(pieces: readonly (string | Buffer)[]): string {
  const filter = createUsageChunkFilter();
  const passed = pieces.map((piece) => Buffer.from(filter.write(Buffer.from(piece))));
  return Buffer.concat([...passed, filter.end()]).toString("utf8");
}

const streams: readonly {
  readonly name: string;
  readonly stream: string;
  /** Absent: all of it */
  readonly passed?: string;
}[] = [
  {
    name: "chunks and the usage",
    stream: text + finish + counts + done,
    passed: text + finish + done,
  },
  { name: "no usage", stream: text + finish + done },
  { name: "nothing", stream: "" },
  { name: "the usage only", stream: counts, passed: "" },
  { name: "usage beside choices", stream: `data: {"choices":[{"index":0}],"usage":${usage}}\n\n` },
  { name: "no usage beside no choices", stream: 'data: {"choices":[],"usage":null}\n\n' },
  { name: "Azure's first chunk", stream: 'data: {"choices":[],"prompt_filter_results":[]}\n\n' },
  { name: "an error", stream: 'data: {"error":{"message":"no"}}\n\n' },
  {
    name: "the usage as an answer's text",
    stream: `data: {"choices":[{"delta":{"content":${JSON.stringify(counts)}}}]}\n\n`,
  },
  {
    name: "no choices and usage deeper down",
    stream: `data: {"choices":[{"x":{"choices":[]}}],"x":{"usage":${usage}},"usage":${usage}}\n\n`,
  },
  { name: "broken JSON", stream: `data: {"choices":[],"usage":${usage}\n\n` },
  {
    name: "white space in the JSON",
    stream: `data: {"choices" : [ ] , "usage" : ${usage} }\n\n${done}`,
    passed: done,
  },
  {
    name: "no space behind the colon",
    stream: counts.replace("data: ", "data:") + done,
    passed: done,
  },
  {
    name: "the usage over two lines",
    stream: `data: {"choices":[],\ndata: "usage":${usage}}\n\n${done}`,
    passed: done,
  },
  { name: "other fields in its event", stream: `event: x\nid: 1\n${counts}${done}`, passed: done },
  {
    name: "comments",
    stream: `: ping\n\n${text}: ping\n\n${counts}: ping\n\n`,
    passed: `: ping\n\n${text}: ping\n\n: ping\n\n`,
  },
  { name: "a comment in its event", stream: `: ping\n${counts}${done}`, passed: done },
  { name: "its end cut off", stream: text + counts.slice(0, -1) },
  {
    name: "lines ended by returns and line feeds",
    stream: (text + counts + done).replaceAll("\n", "\r\n"),
    passed: (text + done).replaceAll("\n", "\r\n"),
  },
  {
    name: "lines ended by returns",
    stream: (text + counts + done).replaceAll("\n", "\r"),
    passed: (text + done).replaceAll("\n", "\r"),
  },
  {
    name: "an event that is too long to be held",
    stream: `data: {"choices":[],"x":"${"x".repeat(70_000)}","usage":${usage}}\n\n${counts}${done}`,
    passed: `data: {"choices":[],"x":"${"x".repeat(70_000)}","usage":${usage}}\n\n${done}`,
  },
];

for (const { name, stream, passed = stream } of streams) {
  t.test(`write() takes out the chunk of usage only when the stream holds ${name}`, async (t) => {
    t.equal(filtered([stream]), passed);
  });

  t.test(`write() passes the same however the stream is cut when it holds ${name}`, async (t) => {
    const bytes = Buffer.from(stream);
    const random = seededRandom(41);
    const isLong = bytes.length > 10_000;
    if (!isLong) t.equal(filtered([...bytes].map((byte) => Buffer.of(byte))), passed);
    for (let left = isLong ? 5 : 200; left > 0; left--) {
      const pieces = randomPieces(bytes, isLong ? 4_000 : 40, random);
      if (filtered(pieces) !== passed) t.fail(pieces.map(String).join("|"));
    }
    t.pass("all cuts");
  });
}

t.test("write() passes every event as soon as it is whole", async (t) => {
  const filter = createUsageChunkFilter();
  t.equal(filter.write(Buffer.from(text)).toString(), text);
  t.equal(filter.write(Buffer.from(finish.slice(0, 40))).toString(), "");
  t.equal(filter.write(Buffer.from(finish.slice(40) + counts.slice(0, 9))).toString(), finish);
  t.equal(filter.write(Buffer.from(counts.slice(9))).toString(), "");
  t.equal(filter.write(Buffer.from(done)).toString(), done);
  t.equal(filter.end().length, 0);
});

t.test("write() gives the chunk's own memory back when all of it passes", async (t) => {
  const chunk = Buffer.from(text + finish);
  const passed = createUsageChunkFilter().write(Buffer.from(text));
  t.equal(passed.toString(), text);
  const filter = createUsageChunkFilter();
  const first = Buffer.from(text);
  t.equal(filter.write(first).buffer, first.buffer);
  t.equal(Buffer.from(filter.write(chunk)).toString(), text + finish);
});

t.test("write() does not hold borrowed memory when a chunk is used again", async (t) => {
  const filter = createUsageChunkFilter();
  const memory = Buffer.from(text.slice(0, 20));
  filter.write(memory);
  memory.fill(0);
  t.equal(filter.write(Buffer.from(text.slice(20))).toString(), text);
});

t.test("end() gives an event that was cut off", async (t) => {
  const filter = createUsageChunkFilter();
  filter.write(Buffer.from(`${text}data: {"ch`));
  t.equal(filter.end().toString(), 'data: {"ch');
  t.equal(filter.end().length, 0);
});

t.test("write() holds bytes that come one by one in memory that they are worth", async (t) => {
  const byte = Buffer.from("x");
  const before = heldBytes();
  const filters = Array.from({ length: 20 }, createUsageChunkFilter);
  for (const filter of filters) {
    for (let written = 0; written < 65_000; written++) filter.write(byte);
  }
  const grown = heldBytes() - before;
  t.ok(grown < 60_000_000, `1.3 million bytes hold ${grown} bytes`);
  t.equal(filters[0]?.end().length, 65_000);
});

t.test("write() gives what was held and goes on with memory of its own", async (t) => {
  const filter = createUsageChunkFilter();
  filter.write(Buffer.alloc(65_536, "x"));
  const passed = filter.write(Buffer.from("y"));
  filter.write(Buffer.from("\n\n"));
  filter.write(Buffer.from("z"));
  t.equal(passed.toString(), `${"x".repeat(65_536)}y`);
  t.equal(filter.end().toString(), "z");
});

/** Memory of the process that objects and buffers take. */
function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
