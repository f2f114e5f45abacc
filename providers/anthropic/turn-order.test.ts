import t from "tap";
import { assistantTurn, systemTurn, userTurn } from "../testdata/anthropic-messages.ts";
import { orderTurns } from "./turn-order.ts";

function turnOf(word: string) {
  const text = word.slice(1);
  if (word.startsWith("s")) return systemTurn(text);
  return word.startsWith("u") ? userTurn(text) : assistantTurn(text);
}

/** Turns such as `u1 s2 a3`; those that were joined have several texts. */
function order(words: string): string {
  const { leading, turns } = orderTurns(words.split(" ").map(turnOf));
  const text = (parts: readonly object[]) =>
    parts.map((part) => "text" in part && part.text).join("+");
  const written = turns.map(({ role, parts }) => `${role[0]}${text(parts)}`);
  return [...(leading.length > 0 ? [`(${text(leading)})`] : []), ...written].join(" ");
}

const cases = [
  { turns: "u1 a2 u3", ordered: "u1 a2 u3" },
  { turns: "u1 u2 a3", ordered: "u1+2 a3" },
  { turns: "s1 u2", ordered: "(1) u2" },
  { turns: "s1 s2 u3", ordered: "(1+2) u3" },
  { turns: "u1 s2", ordered: "u1 s2" },
  { turns: "u1 s2 a3", ordered: "u1 s2 a3" },
  { turns: "u1 s2 u3", ordered: "u1+3 s2" },
  { turns: "u1 a2 s3 u4", ordered: "u1 a2 u4 s3" },
  { turns: "u1 a2 s3 u4 s5 u6 a7 u8", ordered: "u1 a2 u4+6 s3+5 a7 u8" },
  { turns: "s1 u2 s3 u4 a5", ordered: "(1) u2+4 s3 a5" },
  { turns: "u1 s2 s3 u4", ordered: "u1+4 s2+3" },
  { turns: "u1 a2 s3", ordered: "u1 a2 s3" },
  { turns: "s1 a2", ordered: "(1) a2" },
];
for (const { turns, ordered } of cases) {
  t.test(`orderTurns() orders ${turns}`, async (t) => {
    t.equal(order(turns), ordered);
  });
}

t.test("orderTurns() leaves out turns without parts", async (t) => {
  const empty = { role: "user", parts: [] } as const;
  t.strictSame(orderTurns([empty, assistantTurn("a"), empty]), {
    leading: [],
    turns: [assistantTurn("a")],
  });
});

t.test("orderTurns() does not change what it was given", async (t) => {
  const messages = [userTurn("a"), systemTurn("b"), userTurn("c")];
  const before = JSON.stringify(messages);
  orderTurns(messages);
  t.equal(JSON.stringify(messages), before);
});
