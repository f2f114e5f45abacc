import t from "tap";
import { typedKeys } from "./typed-keys.ts";

t.test("typedKeys() names each of the keys that came together", async (t) => {
  t.strictSame(typedKeys("dd"), ["d", "d"]);
  t.strictSame(typedKeys("ä\u{1f600}"), ["ä", "\u{1f600}"]);
  t.strictSame(typedKeys("a\t\r\n\u007f\b\u001b"), [
    ...["a", "tab", "enter", "enter", "backspace", "backspace", "escape"],
  ]);
  t.strictSame(typedKeys("d\u0003\u001a"), ["d", "ctrl-c", "ctrl-z"], "an end is never lost");
  t.strictSame(typedKeys("\u0000\u001f\u0085"), [], "the rest is no key");
  t.strictSame(typedKeys(""), []);
});
