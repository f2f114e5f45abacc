/** A full screen in a real terminal: keys, size, and that the terminal is as it was, however the program ends. */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { openTerminal, whyNoTerminal } from "../harness/terminal.ts";

const skip = whyNoTerminal() ?? false;
const program = join(import.meta.dirname, "../../control/cli/testdata/screen-program.ts");
const { PATH = "", HOME = "" } = process.env;

async function open(t: Test) {
  const terminal = await openTerminal(t, {
    command: `echo before; ${process.execPath} --disable-warning=ExperimentalWarning ${program}; echo "code $?"`,
    environment: { PATH, HOME },
  });
  await terminal.see(/^last/m);
  return terminal;
}

t.test("a screen fills the terminal, takes keys, and follows its size", { skip }, async (t) => {
  const terminal = await open(t);
  const seen = await terminal.see(/^size 80x24 keys/);
  t.equal(seen.trimEnd().split("\n").length, 24, "every row is used, and no line is broken in two");
  t.strictSame(await terminal.modes(), { alternate: true, cursor: false });
  await terminal.press("a", "Tab", "BTab", "Up", "Down", "PageDown", "Enter", "ä");
  await terminal.see(/keys a tab shift-tab up down page-down enter ä/);
  await terminal.press("Escape");
  await terminal.see(/ä escape/);
  await terminal.resize(50, 10);
  const small = await terminal.see(/^size 50x10 [\s\S]*^last/m);
  t.equal(small.trimEnd().split("\n").length, 10);
  await terminal.resize(120, 40);
  const large = await terminal.see(/^size 120x40 [\s\S]*^last/m);
  t.equal(large.trimEnd().split("\n").length, 40);
});

for (const { name, key, shows } of [
  {
    name: "close()",
    key: "q",
    shows: /^ended: closed, NODE_ENV undefined, function without client\ncode 0/m,
  },
  {
    name: "Ctrl-C",
    key: "C-c",
    shows: /^ended: closed, NODE_ENV undefined, function without client\ncode 0/m,
  },
  { name: "an error while drawing", key: "b", shows: /^ended: For a test[\s\S]*code 0/m },
  {
    name: "an exception in a key's handler",
    key: "t",
    shows: /^ended: Thrown by a key[\s\S]*code 0/m,
  },
  { name: "an uncaught exception", key: "u", shows: /SyntaxError[\s\S]*^code 1/m },
  { name: "SIGTERM", key: "k", shows: /^code 143/m },
]) {
  t.test(`a screen gives the terminal back after ${name}`, { skip }, async (t) => {
    const terminal = await open(t);
    await terminal.press(key);
    const seen = await terminal.see(shows);
    t.match(seen, /before\n/, "what was shown before is there again");
    t.notMatch(seen, /row 1 /, "nothing of the screen is left");
    t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
    await terminal.press("e", "c", "h", "o", "Space", "o", "k", "Enter");
    await terminal.see(/^ok$/m);
  });
}
