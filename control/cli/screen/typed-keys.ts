/** Keys that come together, because they were typed fast, or pasted: what each of the characters stands for. */
import type { ScreenKey } from "./screen-view.ts";

const controls = new Map<string, ScreenKey>([
  ["\t", "tab"],
  ["\r", "enter"],
  ["\n", "enter"],
  ["\u001b", "escape"],
  ["\b", "backspace"],
  ["\u007f", "backspace"],
]);

/** The keys of a text, one a character; control characters as the names of their keys (`ctrl-c` for U+0003). */
export function typedKeys(text: string): readonly ScreenKey[] {
  return [...text].flatMap((character) => {
    const named = controls.get(character);
    if (named !== undefined) return [named];
    if (!/\p{Cc}/u.test(character)) return [character];
    const point = character.codePointAt(0) ?? 0;
    return point >= 1 && point <= 26 ? [`ctrl-${String.fromCodePoint(point + 96)}`] : [];
  });
}
