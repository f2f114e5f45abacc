/** Tests of Huffman decoding: the examples of RFC 7541 Appendix C, and all that is no code. */
import t from "tap";
import { HuffmanDecoder } from "./huffman.ts";

function decode(hex: string): string | undefined {
  const bytes = Buffer.from(hex, "hex");
  return new HuffmanDecoder().decode(bytes, 0, bytes.length);
}

const examples: readonly { hex: string; text: string }[] = [
  { hex: "", text: "" },
  { hex: "f1e3c2e5f23a6ba0ab90f4ff", text: "www.example.com" },
  { hex: "a8eb10649cbf", text: "no-cache" },
  { hex: "25a849e95ba97d7f", text: "custom-key" },
  { hex: "25a849e95bb8e8b4bf", text: "custom-value" },
  { hex: "6402", text: "302" },
  { hex: "640eff", text: "307" },
  { hex: "aec3771a4b", text: "private" },
  { hex: "d07abe941054d444a8200595040b8166e082a62d1bff", text: "Mon, 21 Oct 2013 20:13:21 GMT" },
  { hex: "9d29ad171863c78f0b97c8e9ae82ae43d3", text: "https://www.example.com" },
  { hex: "9bd9ab", text: "gzip" },
  {
    hex: "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    text: "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  },
];

for (const { hex, text } of examples) {
  t.test(`decode() reads ${JSON.stringify(text)}`, async (t) => t.equal(decode(hex), text));
}

t.test("decode() reads a part of its bytes, again and again", async (t) => {
  const decoder = new HuffmanDecoder();
  const bytes = Buffer.from("00a8eb10649cbf6402", "hex");
  for (let round = 0; round < 3; round++) {
    t.equal(decoder.decode(bytes, 1, 7), "no-cache");
    t.equal(decoder.decode(bytes, 7, 9), "302");
  }
});

t.test("decode() has room for the longest text of its bytes", async (t) => {
  // Eight times the code of "0", 00000, in five bytes.
  t.equal(decode("00".repeat(5 * 1_000)), "0".repeat(8_000));
});

const rejected: readonly { name: string; hex: string }[] = [
  { name: "padding of eight ones", hex: "6402ff" },
  { name: "padding of zeros", hex: "640200" },
  { name: "padding that is not all ones", hex: "a8eb10649cbe" },
  { name: "the end of string", hex: "ffffffff" },
];

for (const { name, hex } of rejected) {
  t.test(`decode() rejects ${name}`, async (t) => t.equal(decode(hex), undefined));
}
