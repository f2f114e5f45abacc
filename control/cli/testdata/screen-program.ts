/** A program with a screen, for a terminal: shows its size and the keys it got, and ends in the way that a key asks for. */
import { openTerminalScreen } from "../screen/terminal-screen.ts";

const keys: string[] = [];
let ends: () => void = () => {};
let isBroken = false;
const end = new Promise<void>((resolve) => {
  ends = resolve;
});
const screen = await openTerminalScreen(
  { input: process.stdin, output: process.stdout },
  {
    draw: ({ columns, rows }) => {
      if (isBroken) throw new Error("For a test");
      const head = `size ${columns}x${rows} keys ${keys.join(" ")}`;
      const filler = Array.from({ length: rows - 2 }, (_, row) => `row ${row} ${"x".repeat(300)}`);
      return [head, ...filler, "last"];
    },
    onKey: (key) => {
      keys.push(key);
      if (key === "q" || key === "ctrl-c") ends();
      if (key === "b") isBroken = true;
      if (key === "t") throw new Error("Thrown by a key");
      if (key === "u") setTimeout(() => JSON.parse("nothing"));
      if (key === "k") process.kill(process.pid, "SIGTERM");
    },
  },
);
const error = await Promise.race([screen.ended, end]);
await screen.close();
// The list is no part of the typed interface: it is what `process` says of itself for such tests.
const loaded: unknown = Reflect.get(process, "moduleLoadList");
const hasClient = Array.isArray(loaded) && loaded.some((name) => /deps.undici/.test(String(name)));
const how = error === undefined ? "closed" : error.message;
console.log(
  `ended: ${how}, NODE_ENV ${process.env["NODE_ENV"]}, ${typeof fetch} with${hasClient ? "" : "out"} client`,
);
