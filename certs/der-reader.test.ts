/** The strict DER reader against the writer, a list of broken inputs and random bytes. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { readElement, readElements } from "./der-reader.ts";
import { encodeElement, encodeSequence, encodeTrue } from "./der.ts";

t.test("readElements() gives back what the writer wrote, for every length form", (t) => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216]) {
    const content = randomBytes(length);
    const [element, next, ...rest] = readElements(
      Buffer.concat([encodeElement(0x04, content), encodeTrue()]),
    );
    t.equal(element?.tag, 0x04);
    t.ok(
      element !== undefined && Buffer.compare(element.content, content) === 0,
      `length ${length}`,
    );
    t.equal(next?.tag, 0x01);
    t.equal(rest.length, 0);
  }
  t.end();
});

t.test("readElements() gives nothing for nothing", (t) => {
  t.same(readElements(new Uint8Array()), []);
  t.end();
});

t.test("readElements() rejects what is not canonical DER", (t) => {
  const cases = [
    { name: "no length", hex: "30", message: "Cannot read DER: input ends at offset 1" },
    {
      name: "cut contents",
      hex: "300201",
      message: "Cannot read DER: element at offset 0 ends at 4, input at 3",
    },
    {
      name: "cut second element",
      hex: "0101ff0402",
      message: "Cannot read DER: element at offset 3 ends at 7, input at 5",
    },
    { name: "cut long length", hex: "308201", message: "Cannot read DER: input ends at offset 3" },
    {
      name: "indefinite length",
      hex: "30800000",
      message:
        "Cannot read DER: length at offset 1 is 0x80, wanted a definite one of at most 4 bytes",
    },
    {
      name: "huge length",
      hex: "30850100000000",
      message:
        "Cannot read DER: length at offset 1 is 0x85, wanted a definite one of at most 4 bytes",
    },
    {
      name: "reserved length",
      hex: "30ff",
      message:
        "Cannot read DER: length at offset 1 is 0xff, wanted a definite one of at most 4 bytes",
    },
    {
      name: "long form for short",
      hex: "30817f",
      message: "Cannot read DER: length at offset 1 is not minimal",
    },
    {
      name: "leading zero in length",
      hex: "308200ff",
      message: "Cannot read DER: length at offset 1 is not minimal",
    },
    {
      name: "multi-byte tag",
      hex: "1f8101",
      message: "Cannot read DER: multi-byte tag at offset 0 is not used",
    },
  ];
  for (const { name, hex, message } of cases) {
    t.throws(
      () => readElements(Buffer.from(hex, "hex")),
      new ClrkError("CLRK_MALFORMED_MESSAGE", message),
      name,
    );
  }
  t.end();
});

t.test("readElement() wants the tag and nothing after it", (t) => {
  const element = encodeSequence(encodeTrue());
  t.equal(readElement(element, 0x30).content.length, 3);
  t.throws(
    () => readElement(element, 0x31),
    new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      "Cannot read DER: tag at offset 0 is 0x30, wanted 0x31",
    ),
  );
  t.throws(
    () => readElement(Buffer.concat([element, element]), 0x30),
    new ClrkError(
      "CLRK_MALFORMED_MESSAGE",
      "Cannot read DER: 5 bytes follow the element, wanted none",
    ),
  );
  t.end();
});

t.test(
  "readElements() only ever throws ClrkError and never reads outside, for random bytes",
  (t) => {
    for (let round = 0; round < 2000; round++) {
      const bytes = randomBytes(round % 40);
      try {
        const total = readElements(bytes).reduce((sum, element) => sum + element.bytes.length, 0);
        if (total !== bytes.length) t.fail(`elements do not fill ${bytes.toString("hex")}`);
      } catch (error) {
        if (!(error instanceof ClrkError)) t.fail(bytes.toString("hex"));
      }
    }
    t.pass("2000 inputs");
    t.end();
  },
);
