/** Tests of which header lists are requests, and which are trailers. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { HeaderField } from "./header-field.ts";
import { isTrailers, tryParseHead } from "./request-head.ts";

type Pairs = readonly (readonly [string, string])[];
const list = (pairs: Pairs) => pairs.map(([name, value]) => new HeaderField(name, value));
const parse = (pairs: Pairs) => tryParseHead(list(pairs));

const pseudo: Pairs = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a"],
  [":authority", "engine"],
];

t.test("tryParseHead() reads a request", async (t) => {
  t.match(parse([...pseudo, ["content-type", "application/grpc"], ["content-length", "12"]]), {
    method: "POST",
    path: "/a",
    contentType: "application/grpc",
    contentLength: 12,
  });
  t.match(parse(pseudo), { contentType: "", contentLength: -1 });
});

t.test("tryParseHead() takes pseudo-header fields in any order", async (t) => {
  const random = seededRandom(3);
  for (let round = 0; round < 50; round++) {
    t.match(parse([...random.shuffle(pseudo), ["x", "y"]]), { method: "POST", path: "/a" });
  }
});

t.test("tryParseHead() takes CONNECT without scheme and path", async (t) => {
  t.match(
    parse([
      [":method", "CONNECT"],
      [":authority", "a:1"],
    ]),
    { method: "CONNECT", path: "" },
  );
});

t.test("tryParseHead() takes the same content-length twice", async (t) => {
  const twice: Pairs = [
    ["content-length", "7"],
    ["content-length", "7"],
  ];
  t.match(parse([...pseudo, ...twice]), { contentLength: 7 });
});

const without = (name: string) => pseudo.filter(([one]) => one !== name);

const rejected: readonly { name: string; pairs: Pairs }[] = [
  { name: "no field", pairs: [] },
  { name: "no method", pairs: without(":method") },
  { name: "no scheme", pairs: without(":scheme") },
  { name: "no path", pairs: without(":path") },
  { name: "an empty method", pairs: [...without(":method"), [":method", ""]] },
  { name: "an empty path", pairs: [...without(":path"), [":path", ""]] },
  ...pseudo.map((field) => ({ name: `${field[0]} twice`, pairs: [...pseudo, field] })),
  { name: "a pseudo-header field after another", pairs: [["x", "y"], ...pseudo] },
  {
    name: "a pseudo-header field after content-type",
    pairs: [...without(":path"), ["content-type", "a"], [":path", "/"]],
  },
  { name: "a malformed field", pairs: [...pseudo, ["X", "y"]] },
  { name: "CONNECT with a path", pairs: [...without(":method"), [":method", "CONNECT"]] },
  { name: "CONNECT without authority", pairs: [[":method", "CONNECT"]] },
  ...["", "x", "-1", "1.5", "1e3", "0x10", "1 ", "+1", "9".repeat(16)].map((length) => ({
    name: `content-length "${length}"`,
    pairs: [...pseudo, ["content-length", length] as const],
  })),
  {
    name: "two lengths",
    pairs: [...pseudo, ["content-length", "1"] as const, ["content-length", "2"] as const],
  },
];

for (const { name, pairs } of rejected) {
  t.test(`tryParseHead() rejects ${name}`, async (t) => t.equal(parse(pairs), undefined));
}

t.test("isTrailers() takes plain fields only", async (t) => {
  t.equal(
    isTrailers(
      list([
        ["grpc-status", "0"],
        ["content-type", "x"],
      ]),
    ),
    true,
  );
  t.equal(isTrailers([]), true);
  t.equal(
    isTrailers(
      list([
        ["x", "y"],
        [":path", "/"],
      ]),
    ),
    false,
  );
  t.equal(isTrailers(list([["Upper", "y"]])), false);
});
