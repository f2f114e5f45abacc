/** Tests of cutting a body into messages, however it is cut itself, within what may be held. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { BufferPool } from "./buffer-pool.ts";
import { ByteBudget } from "./byte-budget.ts";
import { MessageReader } from "./message-reader.ts";
import { message } from "./testdata/client-frames.ts";

interface Limits {
  readonly maxMessageBytes?: number;
  readonly budgetBytes?: number;
}

function createReader({ maxMessageBytes = 1_000_000, budgetBytes = 10_000_000 }: Limits = {}) {
  const log: string[] = [];
  const budget = new ByteBudget(budgetBytes);
  const reader = new MessageReader(
    {
      onMessage: (bytes, start, end) => log.push(bytes.toString("latin1", start, end)),
      onRefused: (refusal) => log.push(`refused: ${refusal}`),
    },
    { maxMessageBytes, budget, buffers: new BufferPool() },
  );
  const read = (chunks: readonly Buffer[]) => {
    // Inside of other bytes, as it is in a frame.
    for (const chunk of chunks) {
      const frame = Buffer.concat([Buffer.from("<<"), chunk, Buffer.from(">>")]);
      reader.read(frame, 2, 2 + chunk.length);
      frame.fill("!");
    }
  };
  return { reader, read, log, budget };
}

const texts = ["", "a", "hello", "x".repeat(1_019), "y".repeat(5_000), "", "z".repeat(70_000)];
const body = Buffer.concat(texts.map(message));

t.test("read() tells all messages of one piece, and holds nothing", async (t) => {
  const { read, log, budget, reader } = createReader();
  read([body]);
  t.strictSame(log, texts);
  t.equal(budget.used, 0);
  t.equal(reader.isMidMessage, false);
});

t.test("read() tells the same byte by byte", async (t) => {
  const { read, log, budget } = createReader();
  read(Array.from(body, (_, index) => body.subarray(index, index + 1)));
  t.strictSame(log, texts);
  t.equal(budget.used, 0);
});

t.test("read() tells the same cut in two anywhere", async (t) => {
  const few = ["", "a", "hello", "", "world"];
  const bytes = Buffer.concat(few.map(message));
  for (let at = 0; at <= bytes.length; at++) {
    const { read, log } = createReader();
    read([bytes.subarray(0, at), bytes.subarray(at)]);
    t.strictSame(log, few);
  }
});

t.test("read() tells the same cut at random", async (t) => {
  const random = seededRandom(5);
  for (let round = 0; round < 200; round++) {
    const { read, log, budget } = createReader();
    for (let at = 0; at < body.length; ) {
      const length = random.below(random.pick([4, 100, 20_000]));
      read([body.subarray(at, at + length)]);
      at += length;
    }
    t.strictSame(log, texts, `seed 5, round ${round}`);
    t.equal(budget.used, 0);
  }
});

t.test("isMidMessage tells whether a message is cut off", async (t) => {
  const whole = message("hello");
  for (let length = 1; length < whole.length; length++) {
    const { read, reader, log } = createReader();
    read([message("a"), whole.subarray(0, length)]);
    t.equal(reader.isMidMessage, true);
    t.strictSame(log, ["a"]);
  }
});

t.test("read() holds no more than twice what came, whatever a message announces", async (t) => {
  const { read, budget } = createReader();
  const large = message(Buffer.alloc(900_000));
  let came = 0;
  for (const length of [3, 2, 100, 1_000, 5_000, 100_000, 300_000]) {
    read([large.subarray(came, came + length)]);
    came += length;
    t.ok(
      budget.used >= came && budget.used <= Math.max(1_024, came * 2),
      `${came}: ${budget.used}`,
    );
  }
});

const refused: readonly { name: string; limits: Limits; bytes: Buffer; refusal: string }[] = [
  {
    name: "a compressed message",
    limits: {},
    bytes: Buffer.from("0100000000", "hex"),
    refusal: "compressed",
  },
  {
    name: "another flag",
    limits: {},
    bytes: Buffer.from("8000000000", "hex"),
    refusal: "compressed",
  },
  {
    name: "a message that is too large",
    limits: { maxMessageBytes: 100 },
    bytes: message(Buffer.alloc(101)),
    refusal: "too-large",
  },
  {
    name: "a length of 2^32-1",
    limits: {},
    bytes: Buffer.from("00ffffffff", "hex"),
    refusal: "too-large",
  },
  {
    name: "more than may be held",
    limits: { budgetBytes: 2_000 },
    bytes: message(Buffer.alloc(10_000)).subarray(0, 5_000),
    refusal: "out-of-memory",
  },
];

for (const { name, limits, bytes, refusal } of refused) {
  t.test(`read() refuses ${name}, once and for good`, async (t) => {
    const chunkings = [[bytes], Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))];
    for (const chunks of chunkings) {
      const { read, log, budget } = createReader(limits);
      read([message("before")]);
      read(chunks);
      read([message("after")]);
      t.strictSame(log, ["before", `refused: ${refusal}`]);
      t.equal(budget.used, 0);
    }
  });
}

t.test("read() takes a message of exactly the limit", async (t) => {
  const { read, log } = createReader({ maxMessageBytes: 100 });
  read([message("x".repeat(100))]);
  t.equal(log.length, 1);
});

t.test("stop() in the middle of a piece is obeyed at once", async (t) => {
  const budget = new ByteBudget(100);
  const log: string[] = [];
  const reader: MessageReader = new MessageReader(
    {
      onMessage(bytes, start, end) {
        log.push(bytes.toString("latin1", start, end));
        reader.stop();
      },
      onRefused: () => log.push("refused"),
    },
    { maxMessageBytes: 100, budget, buffers: new BufferPool() },
  );
  const bytes = Buffer.concat([message("one"), message("two"), Buffer.from("000000", "hex")]);
  reader.read(bytes, 0, bytes.length);
  reader.read(bytes, 0, bytes.length);
  t.strictSame(log, ["one"]);
  t.equal(budget.used, 0);
});

t.test("readers share their budget", async (t) => {
  const budget = new ByteBudget(2_500);
  const log: string[] = [];
  const sink = { onMessage: () => log.push("message"), onRefused: (why: string) => log.push(why) };
  const limits = { maxMessageBytes: 9_999, budget, buffers: new BufferPool() };
  const readers = [0, 1, 2].map(() => new MessageReader(sink, limits));
  for (const reader of readers) reader.read(message("hello"), 0, 6);
  t.strictSame(log, ["out-of-memory"], "1,024 bytes each");
  readers[0]?.stop();
  t.equal(budget.used, 1_024);
});
