/** PEM round trips for every length, and blocks that are refused without being quoted. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { encodePem, parsePem } from "./pem.ts";

t.test("encodePem() breaks lines at 64 columns", (t) => {
  t.equal(
    encodePem("CERTIFICATE", Buffer.alloc(49)),
    `-----BEGIN CERTIFICATE-----\n${"A".repeat(64)}\nAA==\n-----END CERTIFICATE-----\n`,
  );
  t.equal(
    encodePem("X", Buffer.alloc(48)),
    `-----BEGIN X-----\n${"A".repeat(64)}\n-----END X-----\n`,
  );
  t.end();
});

t.test("encodePem() respects views into larger buffers", (t) => {
  const view = new Uint8Array(Buffer.from("....abc....")).subarray(4, 7);
  t.equal(encodePem("X", view), "-----BEGIN X-----\nYWJj\n-----END X-----\n");
  t.end();
});

t.test("parsePem() reads back every length", (t) => {
  for (let length = 1; length < 200; length++) {
    const der = randomBytes(length);
    const [block, ...rest] = parsePem(
      `# a comment\r\n${encodePem("PRIVATE KEY", der)}trailing text`,
    );
    if (rest.length > 0 || block?.label !== "PRIVATE KEY" || !block.der.equals(der)) {
      t.fail(`length ${length}`);
    }
  }
  t.pass("1 to 199 bytes");
  t.end();
});

t.test("parsePem() reads blocks in order, with any line ends", (t) => {
  const text =
    "-----BEGIN A-----\r\nYQ==\r\n-----END A-----\n\n-----BEGIN B-----YmI=-----END B-----";
  t.same(
    parsePem(text).map(({ label, der }) => `${label} ${der}`),
    ["A a", "B bb"],
  );
  t.same(parsePem("no block here"), []);
  t.end();
});

t.test("parsePem() rejects broken blocks without quoting them", (t) => {
  const cases = [
    {
      name: "no end",
      text: "-----BEGIN A-----\nYQ==\n",
      message: "Cannot read PEM: block 1 (A) has no end line",
    },
    {
      name: "other end",
      text: "-----BEGIN A-----\nYQ==\n-----END B-----",
      message: "Cannot read PEM: block 1 (A) has no end line",
    },
    {
      name: "no label",
      text: "-----BEGIN -----\nYQ==\n-----END -----",
      message: "Cannot read PEM: block 1 has no proper label",
    },
    {
      name: "odd label",
      text: "-----BEGIN a\nb-----\nYQ==\n-----END a\nb-----",
      message: "Cannot read PEM: block 1 has no proper label",
    },
    {
      name: "label without end",
      text: "-----BEGIN A",
      message: "Cannot read PEM: block 1 has no proper label",
    },
    {
      name: "empty",
      text: "-----BEGIN A-----\n-----END A-----",
      message: "Cannot read PEM: block 1 is not base64",
    },
    {
      name: "cut base64",
      text: "-----BEGIN A-----\nYQ=\n-----END A-----",
      message: "Cannot read PEM: block 1 is not base64",
    },
    {
      name: "padding inside",
      text: "-----BEGIN A-----\nYQ==YQ==\n-----END A-----",
      message: "Cannot read PEM: block 1 is not base64",
    },
    {
      name: "encrypted key headers",
      text: "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nYQ==\n-----END A-----",
      message: "Cannot read PEM: block 1 is not base64",
    },
    {
      name: "second block",
      text: "-----BEGIN A-----\nYQ==\n-----END A-----\n-----BEGIN A-----\n*\n-----END A-----",
      message: "Cannot read PEM: block 2 is not base64",
    },
  ];
  for (const { name, text, message } of cases) {
    t.throws(() => parsePem(text), new ClrkError("CLRK_MALFORMED_MESSAGE", message), name);
  }
  t.end();
});
