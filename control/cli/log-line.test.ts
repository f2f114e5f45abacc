import t from "tap";
import { createPalette } from "./colour.ts";
import { formatLogLine, shorten } from "./log-line.ts";

const plain = createPalette({ isTerminal: false, environment: {} });

for (const { name, line, shown } of [
  {
    name: "a warning with fields",
    line: '{"time":"x","level":"warn","message":"Slow","ms":12,"gateway":"default/default"}',
    shown: "Warning: Slow (ms=12, gateway=default/default)",
  },
  { name: "an error", line: '{"level":"error","message":"Broken"}', shown: "Error: Broken" },
  { name: "an info line", line: '{"level":"info","message":"Fine"}', shown: "Fine" },
  { name: "nested fields", line: '{"message":"m","a":{"b":1}}', shown: 'm (a={"b":1})' },
  { name: "escapes", line: '{"message":"\\u001b[2Jx"}', shown: "\\x1b[2Jx" },
  { name: "lines in a message", line: '{"message":"a\\n   b"}', shown: "a b" },
  { name: "a prototype's name", line: '{"message":"m","__proto__":"x"}', shown: "m (__proto__=x)" },
  { name: "a stack trace", line: "    at main.ts:1", shown: "    at main.ts:1" },
  { name: "half a line", line: '{"message":"m', shown: '{"message":"m' },
  { name: "JSON that is no entry", line: "[1]", shown: "[1]" },
]) {
  t.test(`formatLogLine() shows ${name}`, (t) => {
    t.equal(formatLogLine(line, plain), shown);
    t.end();
  });
}

t.test("formatLogLine() colours only the level", (t) => {
  const coloured = createPalette({ isTerminal: true, environment: {} });
  const line = formatLogLine('{"level":"error","message":"Broken"}', coloured);
  t.equal(line, "\u001b[31mError:\u001b[39m Broken");
  t.end();
});

t.test("shorten() keeps both ends of a long text", (t) => {
  const text = `Cannot ${"x".repeat(500)} because of this`;
  const short = shorten(text, 60);
  t.equal(short.length, 60);
  t.match(short, /^Cannot x+ … x+ because of this$/);
  t.equal(shorten("as it is"), "as it is");
  t.end();
});
