/** Tests of the decoder for messages of ext_proc: against generated code, and on what must be refused. */
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { envoy } from "../gateway/proto/gen/extproc.js";
import { decodeProcessingRequest } from "./messages.ts";
import { seededRandom } from "./testdata/random.ts";
import { randomProcessingRequest } from "./testdata/random-requests.ts";
import { recordedCases } from "./testdata/recorded-cases.ts";
import { readRecording } from "./testdata/recording.ts";
import { oracleMessage, plainMessage } from "./testdata/request-oracle.ts";
import { block, number, tag, varint } from "./testdata/wire-fields.ts";

const { ProcessingRequest } = envoy.service.ext_proc.v3;

function decode(bytes: Buffer) {
  return plainMessage(decodeProcessingRequest(bytes, 0, bytes.length));
}

/** The decoded message, or the code of the error. */
function outcomeOf(bytes: Buffer): ReturnType<typeof plainMessage> | string {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof ClrkError) return error.code;
    throw error;
  }
}

function oracleOutcome(bytes: Buffer): ReturnType<typeof oracleMessage> | string {
  try {
    return oracleMessage(bytes) ?? "CLRK_MALFORMED_MESSAGE";
  } catch {
    return "CLRK_MALFORMED_MESSAGE";
  }
}

const header = (name: string, text: string) => block(1, block(1, name), block(3, text));

t.test(
  "decodeProcessingRequest() reads what generated code reads from random messages",
  async (t) => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const bytes = randomProcessingRequest(seededRandom(seed));
      t.strictSame(decode(bytes), oracleMessage(bytes), `seed ${seed}`);
    }
  },
);

t.test(
  "decodeProcessingRequest() refuses or reads every beginning as generated code does",
  async (t) => {
    for (let seed = 1; seed <= 150; seed++) {
      const bytes = randomProcessingRequest(seededRandom(seed));
      const wrong = Array.from({ length: bytes.length }, (_, end) => bytes.subarray(0, end)).find(
        (part) => JSON.stringify(outcomeOf(part)) !== JSON.stringify(oracleOutcome(part)),
      );
      t.equal(wrong, undefined, `seed ${seed}`);
    }
  },
);

t.test("decodeProcessingRequest() throws nothing but ClrkError for changed bytes", async (t) => {
  const random = seededRandom(7);
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = randomProcessingRequest(random);
    for (let change = 0; change <= random.below(3); change++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    if (typeof outcomeOf(bytes) === "string") refused++;
  }
  t.ok(refused > 1_000, `${refused} refused`);
});

t.test("decodeProcessingRequest() reads a message in the middle of a buffer", async (t) => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round++) {
    const message = randomProcessingRequest(random);
    const before = random.bytes(random.below(50));
    const buffer = Buffer.concat([before, message, random.bytes(20)]);
    const start = before.length;
    const decoded = decodeProcessingRequest(buffer, start, start + message.length);
    t.strictSame(plainMessage(decoded), oracleMessage(message));
  }
});

for (const { name, phases, reply } of recordedCases.filter(({ name }) => name !== "network")) {
  t.test(`decodeProcessingRequest() reads what Envoy said in "${name}"`, async (t) => {
    const told: string[] = [];
    for (const recorded of readRecording(name)) {
      const message = decode(recorded.message);
      t.strictSame(message, oracleMessage(recorded.message));
      if (message.phase !== told.at(-1)) told.push(message.phase);
      // Envoy was seen to do what these bytes ask for.
      t.equal(reply(recorded.message).toString("hex"), recorded.reply.toString("hex"));
    }
    t.strictSame(told, phases);
  });
}

t.test(
  "decodeProcessingRequest() passes over attributes and metadata that Envoy forwards",
  async (t) => {
    const [first] = readRecording("attributes");
    const { attributes, metadataContext } = ProcessingRequest.decode(
      first?.message ?? Buffer.alloc(0),
    );
    t.strictSame(Object.keys(metadataContext?.filterMetadata ?? {}), ["recorded"]);
    t.strictSame(Object.keys(attributes), ["envoy.filters.http.ext_proc"]);
  },
);

const phases = [
  { phase: "request-headers", field: 2 },
  { phase: "response-headers", field: 3 },
  { phase: "request-body", field: 4 },
  { phase: "response-body", field: 5 },
  { phase: "request-trailers", field: 6 },
  { phase: "response-trailers", field: 7 },
] as const;

for (const { phase, field } of phases) {
  t.test(`decodeProcessingRequest() tells ${phase}`, async (t) => {
    const message = decode(block(field));
    t.strictSame(message, {
      phase,
      endOfStream: field >= 6,
      headers: [],
      body: "",
    });
  });
}

t.test("decodeProcessingRequest() finds headers and does not copy the body", async (t) => {
  const bytes = block(2, block(1, header(":method", "POST"), header("x-a", "1")), number(3, 1));
  const { headers, endOfStream } = decodeProcessingRequest(bytes, 0, bytes.length);
  t.equal(headers.find("x-a"), "1");
  t.equal(headers.find(":path"), undefined);
  t.equal(endOfStream, true);

  const piece = block(5, block(1, "data"), number(2, 1));
  const { body } = decodeProcessingRequest(piece, 0, piece.length);
  t.equal(body.toString(), "data");
  t.equal(body.buffer, piece.buffer);
});

t.test("decodeProcessingRequest() takes the last phase of several", async (t) => {
  const bytes = Buffer.concat([
    block(2, block(1, header("a", "1")), number(3, 1)),
    block(5, block(1, "x"), number(2, 1)),
    block(2, block(1, header("b", "2"))),
  ]);
  const expected = {
    phase: "request-headers",
    endOfStream: false,
    headers: [["b", "2"]],
    body: "",
  };
  t.strictSame(decode(bytes), expected);
});

t.test("decodeProcessingRequest() joins the parts of one phase", async (t) => {
  const bytes = Buffer.concat([
    block(2, block(1, header("a", "1")), number(3, 1)),
    block(2, block(1, header("b", "2")), block(1), block(1, header("c", "3"))),
  ]);
  t.strictSame(decode(bytes), {
    phase: "request-headers",
    endOfStream: true,
    headers: [
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ],
    body: "",
  });
  t.equal(decodeProcessingRequest(bytes, 0, bytes.length).headers.find("c"), "3");
});

const group = Buffer.concat([tag(30, 3), tag(30, 4)]);
const rejected: ReadonlyArray<{ name: string; bytes: Buffer; detail: string }> = [
  { name: "nothing", bytes: Buffer.alloc(0), detail: "no phase is there" },
  { name: "no phase", bytes: number(10, 1), detail: "no phase is there" },
  { name: "a cut tag", bytes: Buffer.from([0x92]), detail: "a number is cut off" },
  { name: "a tag without a length", bytes: Buffer.from([0x12]), detail: "a number is cut off" },
  { name: "a cut length", bytes: Buffer.from([0x12, 0x80]), detail: "a number is cut off" },
  {
    name: "a length past the end",
    bytes: Buffer.from([0x12, 1]),
    detail: "a length passes the end",
  },
  {
    name: "a header past the end of its map",
    bytes: block(2, Buffer.from([0x0a, 2, 0x0a, 9]), block(20, "padding more")),
    detail: "a length passes the end",
  },
  {
    name: "a name past the end of its header",
    bytes: block(2, block(1, Buffer.from([0x0a, 3, 0x0a, 9, 0x41]), "padding more")),
    detail: "a length passes the end",
  },
  {
    name: "a length of 5 bytes past 32 bits",
    bytes: Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x1f]),
    detail: "a number has more than 32 bits",
  },
  {
    name: "a length of 6 bytes",
    bytes: Buffer.concat([Buffer.from([0x12]), varint(0, 6)]),
    detail: "a number has more than 32 bits",
  },
  {
    name: "a length of 4 GiB",
    bytes: Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    detail: "a length passes the end",
  },
  { name: "field 0", bytes: Buffer.from([0x02, 0]), detail: "a field has number 0" },
  { name: "headers as a number", bytes: number(2, 1), detail: "a known field has another type" },
  {
    name: "a map as a number",
    bytes: block(2, number(1, 1)),
    detail: "a known field has another type",
  },
  {
    name: "a name as a number",
    bytes: block(2, block(1, block(1, number(1, 1)))),
    detail: "a known field has another type",
  },
  {
    name: "a flag as a block",
    bytes: block(2, block(3)),
    detail: "a known field has another type",
  },
  {
    name: "a body's flag as a block",
    bytes: block(4, block(2)),
    detail: "a known field has another type",
  },
  {
    name: "a flag of 11 bytes",
    bytes: block(2, number(3, 1, 11)),
    detail: "a number has more than 64 bits",
  },
  { name: "a cut flag", bytes: block(2, Buffer.from([0x18, 0x80])), detail: "a number is cut off" },
  {
    name: "an unknown varint of 11 bytes",
    bytes: Buffer.concat([block(2), number(30, 1, 11)]),
    detail: "a number has more than 64 bits",
  },
  {
    name: "a cut unknown fixed64",
    bytes: Buffer.concat([block(2), tag(30, 1), Buffer.alloc(7)]),
    detail: "a value passes the end",
  },
  {
    name: "a cut unknown fixed32",
    bytes: Buffer.concat([block(2), tag(30, 5), Buffer.alloc(3)]),
    detail: "a value passes the end",
  },
  {
    name: "a group",
    bytes: Buffer.concat([block(2), group]),
    detail: "a field has a wire type that is not read",
  },
  {
    name: "a group in a header",
    bytes: block(2, block(1, block(1, group))),
    detail: "a field has a wire type that is not read",
  },
  {
    name: "wire type 7",
    bytes: Buffer.concat([block(2), tag(30, 7)]),
    detail: "a field has a wire type that is not read",
  },
  {
    name: "too many headers",
    bytes: block(2, block(1, ...Array.from({ length: 4097 }, () => block(1)))),
    detail: "more than 4096 headers",
  },
  {
    name: "too many header maps",
    bytes: block(2, ...Array.from({ length: 66 }, () => block(1, block(1)))),
    detail: "more than 64 header maps",
  },
];

for (const { name, bytes, detail } of rejected) {
  t.test(`decodeProcessingRequest() refuses ${name}`, async (t) => {
    t.throws(() => decode(bytes), {
      code: "CLRK_MALFORMED_MESSAGE",
      message: `Cannot decode message of Envoy: ${detail}`,
    });
  });
}

t.test("decodeProcessingRequest() takes as many headers as its limit", async (t) => {
  const map = block(1, ...Array.from({ length: 4096 }, (_, index) => header(`x-${index}`, "1")));
  const bytes = block(2, map);
  const { headers } = decodeProcessingRequest(bytes, 0, bytes.length);
  t.equal(headers.entries().length, 4096);
  t.equal(headers.find("x-4095"), "1");
});

t.test("decodeProcessingRequest() refuses a range that is not in the buffer", async (t) => {
  const bytes = block(2);
  for (const [start, end] of [
    [0, 3],
    [2, 1],
    [-1, 1],
    [0, Number.NaN],
  ] as const) {
    t.throws(() => decodeProcessingRequest(bytes, start, end), {
      name: "RangeError",
      message: `Cannot read bytes ${start} to ${end}: there are 2`,
    });
  }
});
