/** Tests of numbers of lines: counted on from what is there, whatever a process has left half. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { lastLineNumber, lineNumber } from "./line-number.ts";

t.test("lineNumber() is a whole number from 1 on", async (t) => {
  t.equal(lineNumber('{"number":7}'), 7);
  for (const line of ['{"number":0}', '{"number":1.5}', '{"number":"7"}', "{}", "null", "7", "{"]) {
    t.equal(lineNumber(line), undefined, line);
  }
});

t.test("lastLineNumber() finds the last whole line, in the newest file that has one", async (t) => {
  const directory = t.testdir({
    "records.jsonl": '{"number":99}\n',
    "invocations-20260102T030405678Z.jsonl": '{"number":3}\n{"number":4}\n',
    "invocations-20260102T030405679Z.jsonl": '{"number":5}\n{"number":6}\n',
  });
  const write = (name: string, text: string) => writeFileSync(path.join(directory, name), text);
  t.equal(lastLineNumber(directory, "invocations"), 6);
  t.equal(lastLineNumber(directory, "invocations-4711"), 0);
  write("invocations.jsonl", "");
  t.equal(lastLineNumber(directory, "invocations"), 6, "it was just made");
  write("invocations.jsonl", '{"number":7}\n{"number":8}\n{"numb');
  t.equal(lastLineNumber(directory, "invocations"), 8, "a process was killed");
  write("invocations.jsonl", `{"text":"${"x".repeat(1_000_000)}"}\n{"number":9}\n`);
  t.equal(lastLineNumber(directory, "invocations"), 9);
  t.equal(lastLineNumber(path.join(directory, "none"), "invocations"), 0);
  mkdirSync(path.join(directory, "folder/invocations.jsonl"), { recursive: true });
  t.equal(lastLineNumber(path.join(directory, "folder"), "invocations"), 0, "no file at all");
});
