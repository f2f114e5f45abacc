/** Tests of HPACK decoding: the examples of RFC 7541 Appendix C, nghttp2 as the other side, and all that is refused. */
import { Duplex } from "node:stream";
import { connect } from "node:http2";
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { FrameReader } from "./frame-reader.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackTable } from "./hpack-table.ts";
import { CLIENT_PREFACE, FRAME } from "./protocol.ts";

function decodeWith(decoder: HpackDecoder, block: Buffer): string[] | undefined {
  const list = decoder.decode(block, 0, block.length);
  return list?.fields.map(({ name, value }) => `${name}: ${value}`);
}

function decode(hex: string): string[] | undefined {
  return decodeWith(new HpackDecoder(65_536), Buffer.from(hex, "hex"));
}

const request = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const https = [
  ":method: GET",
  ":scheme: https",
  ":path: /index.html",
  ":authority: www.example.com",
];
const answer = [
  "cache-control: private",
  "date: Mon, 21 Oct 2013 20:13:21 GMT",
  "location: https://www.example.com",
];
const laterAnswer = [
  ":status: 200",
  "cache-control: private",
  "date: Mon, 21 Oct 2013 20:13:22 GMT",
  "location: https://www.example.com",
  "content-encoding: gzip",
  "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

const appendixC: readonly {
  name: string;
  tableBytes: number;
  blocks: readonly { hex: string; fields: readonly string[]; usedBytes: number }[];
}[] = [
  {
    name: "C.2.1 literal with indexing",
    tableBytes: 4_096,
    blocks: [
      {
        hex: "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
        fields: ["custom-key: custom-header"],
        usedBytes: 55,
      },
    ],
  },
  {
    name: "C.2.2 literal without indexing",
    tableBytes: 4_096,
    blocks: [
      { hex: "040c2f73616d706c652f70617468", fields: [":path: /sample/path"], usedBytes: 0 },
    ],
  },
  {
    name: "C.2.3 literal never indexed",
    tableBytes: 4_096,
    blocks: [
      { hex: "100870617373776f726406736563726574", fields: ["password: secret"], usedBytes: 0 },
    ],
  },
  {
    name: "C.2.4 indexed",
    tableBytes: 4_096,
    blocks: [{ hex: "82", fields: [":method: GET"], usedBytes: 0 }],
  },
  {
    name: "C.3 requests without Huffman",
    tableBytes: 4_096,
    blocks: [
      { hex: "828684410f7777772e6578616d706c652e636f6d", fields: request, usedBytes: 57 },
      {
        hex: "828684be58086e6f2d6361636865",
        fields: [...request, "cache-control: no-cache"],
        usedBytes: 110,
      },
      {
        hex: "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        fields: [...https, "custom-key: custom-value"],
        usedBytes: 164,
      },
    ],
  },
  {
    name: "C.4 requests with Huffman",
    tableBytes: 4_096,
    blocks: [
      { hex: "828684418cf1e3c2e5f23a6ba0ab90f4ff", fields: request, usedBytes: 57 },
      {
        hex: "828684be5886a8eb10649cbf",
        fields: [...request, "cache-control: no-cache"],
        usedBytes: 110,
      },
      {
        hex: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        fields: [...https, "custom-key: custom-value"],
        usedBytes: 164,
      },
    ],
  },
  {
    name: "C.5 responses without Huffman, with eviction",
    tableBytes: 256,
    blocks: [
      {
        hex:
          "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54" +
          "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        fields: [":status: 302", ...answer],
        usedBytes: 222,
      },
      { hex: "4803333037c1c0bf", fields: [":status: 307", ...answer], usedBytes: 222 },
      {
        hex:
          "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f" +
          "3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076" +
          "657273696f6e3d31",
        fields: laterAnswer,
        usedBytes: 215,
      },
    ],
  },
  {
    name: "C.6 responses with Huffman, with eviction",
    tableBytes: 256,
    blocks: [
      {
        hex:
          "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f" +
          "0b97c8e9ae82ae43d3",
        fields: [":status: 302", ...answer],
        usedBytes: 222,
      },
      { hex: "4883640effc1c0bf", fields: [":status: 307", ...answer], usedBytes: 222 },
      {
        hex:
          "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df" +
          "dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        fields: laterAnswer,
        usedBytes: 215,
      },
    ],
  },
];

for (const { name, tableBytes, blocks } of appendixC) {
  t.test(`decode() reads ${name}`, async (t) => {
    const table = new HpackTable(tableBytes);
    const decoder = new HpackDecoder(65_536, table);
    for (const { hex, fields, usedBytes } of blocks) {
      t.strictSame(decodeWith(decoder, Buffer.from(hex, "hex")), fields);
      t.equal(table.usedBytes, usedBytes);
    }
  });
}

const rejected: readonly { name: string; hex: string }[] = [
  { name: "index 0", hex: "80" },
  { name: "an index beyond the tables", hex: "be" },
  { name: "a name beyond the tables", hex: "7e00" },
  { name: "an index that is cut off", hex: "ff" },
  { name: "an index that goes on and on", hex: "ff8080808000" },
  { name: "an index above 2^28", hex: "ffffffffff7f" },
  { name: "a literal without its name", hex: "40" },
  { name: "a literal without its value", hex: "400161" },
  { name: "a name that is cut off", hex: "400261" },
  { name: "a value that is cut off", hex: "4001610561" },
  { name: "a length that is cut off", hex: "40017f7f" },
  { name: "a Huffman value padded with zeros", hex: "400161820000" },
  { name: "a size update above the limit", hex: "3fe21f" },
  { name: "a size update after a field", hex: "8220" },
  { name: "a size update that is cut off", hex: "3f" },
];

for (const { name, hex } of rejected) {
  t.test(`decode() rejects ${name}`, async (t) => t.equal(decode(hex), undefined));
}

t.test("decode() takes an integer with zeros behind it", async (t) => {
  t.strictSame(decode("0f9080000161"), ["content-type: a"], "31 in four bytes");
});

t.test("decode() obeys size updates at the beginning", async (t) => {
  const decoder = new HpackDecoder(65_536);
  decodeWith(decoder, Buffer.from("4001610162", "hex"));
  t.strictSame(decodeWith(decoder, Buffer.from("be", "hex")), ["a: b"]);
  t.strictSame(decodeWith(decoder, Buffer.from("203fe11f82", "hex")), [":method: GET"]);
  t.equal(decodeWith(decoder, Buffer.from("be", "hex")), undefined, "the table was emptied");
});

t.test("decode() reads a list that is too large to its end, and keeps what fits", async (t) => {
  const decoder = new HpackDecoder(80);
  const block = Buffer.from(`40016101624001630a${"64".repeat(10)}82`, "hex");
  const list = decoder.decode(block, 0, block.length);
  t.match(list, { isTooLarge: true, fields: [{ name: "a" }, { name: "c" }] });
  t.equal(list?.fields.length, 2);
  t.strictSame(
    decodeWith(decoder, Buffer.from("be", "hex")),
    ["c: dddddddddd"],
    "its table is whole",
  );
});

t.test("decode() reads only its part of the bytes", async (t) => {
  const bytes = Buffer.from("ff8286ff", "hex");
  const list = new HpackDecoder(1_000).decode(bytes, 1, 3);
  t.match(list?.fields, [{ value: "GET" }, { value: "http" }]);
  t.equal(new HpackDecoder(1_000).decode(Buffer.from("400161056162", "hex"), 0, 4), undefined);
});

t.test("decode() takes any bytes without a throw", async (t) => {
  const random = seededRandom(2);
  const decoder = new HpackDecoder(4_096);
  const valid = Buffer.from(appendixC[7]?.blocks[2]?.hex ?? "", "hex");
  for (let round = 0; round < 20_000; round++) {
    const block = round % 2 === 0 ? random.bytes(random.below(40)) : Buffer.from(valid);
    if (round % 2 === 1) block[random.below(block.length)] = random.below(256);
    const list = decoder.decode(block, 0, block.length);
    const size = list?.fields.reduce((sum, field) => sum + field.size, 0) ?? 0;
    if (size > 4_096) t.fail(`${size} bytes in round ${round}`);
  }
  t.pass("20,000 blocks");
});

/** The header blocks that Node's own client sends for these headers, one a request. */
async function blocksOfNode(requests: readonly Record<string, string>[]): Promise<Buffer[]> {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  const session = connect("http://engine", { createConnection: () => wire });
  session.on("error", () => {});
  for (const headers of requests) session.request(headers).on("error", () => {});
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  session.destroy();
  const reader = new FrameReader();
  reader.push(Buffer.concat(sent).subarray(CLIENT_PREFACE.length));
  const blocks: Buffer[] = [];
  while (reader.next()) {
    const { type, bytes, start, end } = reader;
    if (type === FRAME.headers) blocks.push(bytes.subarray(start, end));
  }
  return blocks;
}

t.test("decode() reads what nghttp2 writes, with every character", async (t) => {
  // Long enough for Huffman to pay even with the longest codes.
  const around = "a".repeat(30);
  const characters = Array.from({ length: 224 }, (_, index) => index + 32);
  const requests = characters
    .filter((code) => code !== 127)
    .map((code) => ({ "x-character": `${around}${String.fromCharCode(code)}${around}` }));
  // A client opens no more than a hundred streams before it knows its server.
  for (let from = 0; from < requests.length; from += 75) {
    const part = requests.slice(from, from + 75);
    const decoder = new HpackDecoder(65_536);
    const values = (await blocksOfNode(part)).map((block) => {
      const list = decoder.decode(block, 0, block.length);
      return list?.fields.find(({ name }) => name === "x-character")?.value;
    });
    t.strictSame(
      values,
      part.map((headers) => headers["x-character"]),
    );
  }
});
