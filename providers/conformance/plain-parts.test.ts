import t from "tap";
import type { Part } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import type { PlainOptions } from "./plain-parts.ts";
import { createNumbering, plainJsonText, plainNumber, plainParts } from "./plain-parts.ts";

const strict: PlainOptions = { keeps: () => true, isWanted: false };
const wanted: PlainOptions = { ...strict, isWanted: true };
const plain = (parts: readonly Part[], options = strict) =>
  plainParts(parts, createNumbering(), options);
const call = (id: string, json: string): Part => ({
  kind: "tool-call",
  id,
  name: "x",
  arguments: json,
  signature: null,
});
const result = (callId: string): Part => ({
  kind: "tool-result",
  callId,
  name: null,
  parts: [{ kind: "text", text: "x" }],
  isError: true,
});

t.test("plainParts() numbers ids by their first use", async (t) => {
  t.same(
    plain([call("a", "{}"), call("b", "{}"), result("b")]),
    plain([call("x9", "{}"), call("y9", "{}"), result("y9")]),
  );
  t.not(
    JSON.stringify(plain([call("a", "{}"), call("b", "{}"), result("b")])),
    JSON.stringify(plain([call("a", "{}"), call("b", "{}"), result("a")])),
  );
});

t.test("plainParts() reads arguments, and keeps their digits and order", async (t) => {
  t.same(plain([call("a", '{ "n": 1.50 }')]), plain([call("a", '{"n":1.50}')]));
  t.not(plainJsonText('{"n":12345678901234567890}'), plainJsonText('{"n":12345678901234567891}'));
  t.not(plainJsonText('{"a":1,"b":2}'), plainJsonText('{"b":2,"a":1}'));
  t.equal(plainJsonText("no JSON"), "no JSON");
});

t.test(
  "plainParts() takes a refusal for text, and leaves reasoning and empty texts out",
  async (t) => {
    t.same(
      plain([
        { kind: "text", text: "" },
        { kind: "reasoning", text: "x", signature: null, encrypted: null, origin: "o" },
        { kind: "refusal", text: "No" },
      ]),
      [{ text: "No" }],
    );
  },
);

t.test("plainParts() leaves open what is wanted of the provider's own choice", async (t) => {
  const url: Part = {
    kind: "image",
    source: { kind: "url", url: "https://a.test", mediaType: null },
    detail: null,
  };
  t.same(plain([url], wanted), [{ image: { url: "https://a.test" }, detail: undefined }]);
  t.same(plain([url]), [{ image: { url: "https://a.test" }, detail: null }]);
  t.match(plain([{ ...result("a"), parts: [] } as Part], wanted), [{ parts: undefined }]);
});

t.test("plainParts() makes equal what a dialect need not keep", async (t) => {
  const lenient: PlainOptions = { ...strict, keeps: () => false };
  const image = (detail: string | null): Part => ({
    kind: "image",
    source: { kind: "file", id: "1" },
    detail,
  });
  t.same(plain([image("high")], lenient), plain([image(null)], lenient));
  t.not(JSON.stringify(plain([image("high")])), JSON.stringify(plain([image(null)])));
  t.match(plain([result("a")], lenient), [{ isError: null }]);
  t.match(plain([result("a")]), [{ isError: true }]);
});

t.test("plainParts() joins texts on request, without their blanks", async (t) => {
  const joined = plain(
    [
      { kind: "text", text: "One " },
      { kind: "text", text: "\nTwo" },
    ],
    { ...strict, joinsTexts: true },
  );
  t.same(joined, [{ text: "OneTwo" }]);
});

t.test("plainParts() keeps every sort of source apart", async (t) => {
  const sources: Part[] = [
    { kind: "audio", source: { kind: "base64", mediaType: "audio/wav", data: "AA==" } },
    { kind: "audio", source: { kind: "url", url: "AA==", mediaType: "audio/wav" } },
    { kind: "audio", source: { kind: "file", id: "AA==" } },
    {
      kind: "document",
      source: { kind: "base64", mediaType: "audio/wav", data: "AA==" },
      name: "x",
    },
  ];
  t.equal(new Set(sources.map((part) => JSON.stringify(plain([part])))).size, 4);
});

t.test("plainNumber() has the digits", async (t) => {
  const parsed = parseJsonText("12345678901234567890");
  t.equal(
    plainNumber(parsed.kind === "value" ? (parsed.value as number) : 0),
    "12345678901234567890",
  );
  t.equal(plainNumber(0.5), "0.5");
  t.equal(plainNumber(null), null);
});

t.test("plainParts() takes images in a result for those that follow it", async (t) => {
  const text: Part = { kind: "text", text: "Map" };
  const image: Part = { kind: "image", source: { kind: "file", id: "1" }, detail: null };
  const inside = { ...result("a"), parts: [text, image] } as Part;
  const behind = { ...result("a"), parts: [text] } as Part;
  t.same(plain([inside]), plain([behind, image]));
  t.not(JSON.stringify(plain([inside])), JSON.stringify(plain([behind])));
});
