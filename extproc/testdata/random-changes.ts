/** Random header changes, as policies might ask for. */
import type { HeaderChanges } from "../reply-parts.ts";
import type { Random } from "./random.ts";

const names = [":path", "traceparent", "authorization", "x-a-rather-long-name-of-a-header-field"];
const values = [
  "",
  "1",
  "grüße",
  "日本語\u{1f600}",
  "v".repeat(127),
  "v".repeat(128),
  "ü".repeat(99),
];

/** Up to three headers to set and three to remove. */
export function randomChanges(random: Random): HeaderChanges {
  const set = Array.from({ length: random.below(4) }, () => {
    return [random.pick(names), random.pick(values)] as const;
  });
  return { set, remove: Array.from({ length: random.below(4) }, () => random.pick(names)) };
}
