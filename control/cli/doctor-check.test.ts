import t from "tap";
import { createPalette } from "./colour.ts";
import { failed, formatCheck, passed, warned } from "./doctor-check.ts";

const palette = createPalette({ isTerminal: false, environment: {} });

for (const { name, check, text } of [
  { name: "what is fine", check: passed("node", "Node 26"), text: "✔ node        Node 26\n" },
  {
    name: "what to look at",
    check: warned("disk", "Little", "Remove"),
    text: "! disk        Little\n              → Remove\n",
  },
  {
    name: "what is broken, in several lines",
    check: failed("envoy", "None\u001b[2J", "One of\nthese"),
    text: "✘ envoy       None\\x1b[2J\n              → One of\n              these\n",
  },
]) {
  t.test(`formatCheck() shows ${name}`, (t) => {
    t.equal(formatCheck(check, palette), text);
    t.end();
  });
}

t.test("formatCheck() breaks what is long at blanks", async (t) => {
  const text = formatCheck(
    warned("disk", "Little is left of it", "Remove what is old"),
    palette,
    28,
  );
  t.equal(
    text,
    [
      ...["! disk        Little is left", "              of it"],
      ...["              → Remove what", "                is old", ""],
    ].join("\n"),
  );
});

t.test("formatCheck() colours the mark alone", (t) => {
  const coloured = createPalette({ isTerminal: true, environment: {} });
  const text = formatCheck(failed("a", "b", "c"), coloured);
  t.ok(text.startsWith("\u001b[31m✘\u001b[39m a "));
  t.end();
});
