/** Colour only where it is wanted, and no way for foreign text to drive a terminal. */
import t from "tap";
import { createPalette, escapeControls } from "./colour.ts";

t.test("createPalette() paints on a terminal", async (t) => {
  const palette = createPalette({ isTerminal: true, environment: { TERM: "xterm-256color" } });
  t.equal(palette.green("ok"), "\u001b[32mok\u001b[39m");
  t.equal(palette.red("no"), "\u001b[31mno\u001b[39m");
  t.equal(palette.yellow("hm"), "\u001b[33mhm\u001b[39m");
  t.equal(palette.dim("a"), "\u001b[2ma\u001b[22m");
  t.equal(palette.bold("b"), "\u001b[1mb\u001b[22m");
});

t.test("createPalette() paints nothing for empty text", async (t) => {
  t.equal(createPalette({ isTerminal: true, environment: {} }).red(""), "");
});

for (const { name, isTerminal, environment } of [
  { name: "a pipe", isTerminal: false, environment: { TERM: "xterm" } },
  { name: "NO_COLOR=1", isTerminal: true, environment: { NO_COLOR: "1" } },
  {
    name: "NO_COLOR=0, which is set and so counts",
    isTerminal: true,
    environment: { NO_COLOR: "0" },
  },
  { name: "TERM=dumb", isTerminal: true, environment: { TERM: "dumb" } },
]) {
  t.test(`createPalette() leaves text plain with ${name}`, async (t) => {
    const palette = createPalette({ isTerminal, environment });
    for (const paint of Object.values(palette)) t.equal(paint("text"), "text");
  });
}

t.test("createPalette() ignores an empty NO_COLOR, as no-color.org asks", async (t) => {
  t.equal(
    createPalette({ isTerminal: true, environment: { NO_COLOR: "" } }).red("x"),
    "\u001b[31mx\u001b[39m",
  );
});

for (const { name, text, expected } of [
  { name: "an escape sequence", text: "\u001b[2Jx", expected: "\\x1b[2Jx" },
  { name: "an OSC title", text: "\u001b]0;owned\u0007", expected: "\\x1b]0;owned\\x07" },
  { name: "a C1 CSI", text: "\u009b31m", expected: "\\x9b31m" },
  { name: "line breaks and tabs", text: "a\r\nb\tc", expected: "a\\x0d\\x0ab\\x09c" },
  { name: "NUL and DEL", text: "\0\u007f", expected: "\\x00\\x7f" },
  { name: "a right-to-left override", text: "a\u202eb", expected: "a\\u202eb" },
  { name: "a zero-width space", text: "a\u200bb", expected: "a\\u200bb" },
  { name: "variation selectors", text: "a\u{e0101}\ufe00", expected: "a\\u{e0101}\\ufe00" },
  { name: "a filler of no width", text: "a\u3164b", expected: "a\\u3164b" },
  { name: "the selector of an emoji, which stays", text: "☀\ufe0f", expected: "☀\ufe0f" },
  { name: "a soft hyphen", text: "a\u00adb", expected: "a\\xadb" },
  { name: "line and paragraph separators", text: "\u2028\u2029", expected: "\\u2028\\u2029" },
  { name: "an unpaired surrogate", text: "a\ud800b", expected: "a\\ud800b" },
  { name: "a tag character beyond the first plane", text: "\u{e0041}", expected: "\\u{e0041}" },
  { name: "every occurrence", text: "\u0007\u0007", expected: "\\x07\\x07" },
]) {
  t.test(`escapeControls() writes out ${name}`, async (t) => {
    t.equal(escapeControls(text), expected);
  });
}

t.test("escapeControls() leaves printable text of any script alone", async (t) => {
  for (const text of ["", "api.openai.com/v1?x=%1b", "münchen", "日本語", "😀", "\\x1b", "עברית"]) {
    t.equal(escapeControls(text), text);
  }
});
