/** Views without escapes, and the way back. */
import t from "tap";
import { createPlainView } from "./plain-view.ts";

for (const [text, plain] of [
  ["alice@example.com", "alice@example.com"],
  ["alice\\u0040example.com", "alice@example.com"],
  ["alice%40example.com", "alice@example.com"],
  ["alice%2540example.com", "alice@example.com"],
  ["a\\\\u0040b %2Bc", "a@b +c"],
  ["100% of \\u00e9 %zz %0a", "100% of \\u00e9 %zz %0a"],
] as const) {
  t.test(`createPlainView() of ${text}`, async (t) => {
    const view = createPlainView(text);
    t.equal(view.text, plain);
    t.equal(view.toOriginal(0), 0);
    t.equal(view.toOriginal(plain.length), text.length);
    // Every character of the view stands where the original says the same.
    for (let at = 0; at < plain.length; at++) {
      const written = text.slice(view.toOriginal(at), view.toOriginal(at + 1));
      t.equal(createPlainView(written).text, plain[at], `character ${at}`);
    }
  });
}
