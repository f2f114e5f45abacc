import t from "tap";
import { readCodeBlocks, readCommandBlocks } from "./document-blocks.ts";

t.test("readCommandBlocks() finds sh blocks with their marks", (t) => {
  const text = [
    "# Title",
    "<!-- test: run -->",
    "",
    "```sh",
    "one",
    "two",
    "```",
    "```yaml",
    "```",
    "<!-- test: skip it needs a network -->",
    "```sh",
    "three",
    "```",
    "<!-- test: serve -->",
    "```sh",
    "```",
    "```sh",
    "unmarked",
    "```",
    "<!-- test: follow -->",
    "```sh",
    "```",
    "<!-- test: run until it says: yes -->",
    "```sh",
    "```",
  ].join("\n");
  t.strictSame(readCommandBlocks(text), [
    { line: 4, code: "one\ntwo", mark: { kind: "run" } },
    { line: 11, code: "three", mark: { kind: "skip", reason: "it needs a network" } },
    { line: 15, code: "", mark: { kind: "serve" } },
    { line: 17, code: "unmarked", mark: undefined },
    { line: 21, code: "", mark: { kind: "follow" } },
    { line: 24, code: "", mark: { kind: "run", until: "it says: yes" } },
  ]);
  t.end();
});

for (const mark of [
  "test: run",
  "<!-- test: runs -->",
  "<!-- test: skip -->",
  "<!-- test: run until -->",
  "<!-- run -->",
]) {
  t.test(`readCommandBlocks() takes "${mark}" for no mark`, (t) => {
    t.equal(readCommandBlocks(`${mark}\n\`\`\`sh\n\`\`\``)[0]?.mark, undefined);
    t.end();
  });
}

t.test("readCommandBlocks() takes a mark for the next block only", (t) => {
  const text = "<!-- test: run -->\nwords between\n```sh\none\n```";
  t.equal(readCommandBlocks(text)[0]?.mark, undefined);
  t.end();
});

t.test("readCodeBlocks() gives the blocks of one language", async (t) => {
  const text = "```ts\na\n\nb\n```\n\n```typescript\nc\n```\n```ts\nd\n```\n";
  t.same(readCodeBlocks(text, "ts"), ["a\n\nb", "d"]);
  t.same(readCodeBlocks(text, "sh"), []);
});
