/** The index shows every glob that means a text. */
import t from "tap";
import { matchGlob } from "../crds/glob.ts";
import { seededRandom } from "./testdata/random.ts";
import { GlobIndex, pieceOf } from "./glob-index.ts";

t.test("find() shows all globs that match, ascending in every list", async (test) => {
  const random = seededRandom(7);
  const pieces = ["", "a", "b", "ab", "*", "?", "**", "x-", "😀", "tail"];
  const text = (most: number) =>
    Array.from(
      { length: Math.floor(random() * most) + 1 },
      () => pieces[Math.floor(random() * pieces.length)],
    ).join("");
  let matched = 0;
  for (let run = 0; run < 200; run++) {
    const globs = Array.from({ length: 40 }, () => text(4)).filter((glob) => glob !== "");
    const index = new GlobIndex();
    for (const [position, glob] of globs.entries()) index.add(glob, position);
    for (let ask = 0; ask < 30; ask++) {
      const name = text(4).replaceAll(/[*?]/g, "");
      const shown: number[] = [];
      index.find(name, (positions) => {
        const list = [...(positions ?? [])];
        test.same(
          list,
          list.toSorted((one, other) => one - other),
          "ascending",
        ) || test.bailout();
        shown.push(...list);
      });
      for (const [position, glob] of globs.entries()) {
        if (!matchGlob(glob, name)) continue;
        matched++;
        if (!shown.includes(position)) test.fail(`"${name}" by "${glob}" is not shown`);
      }
    }
  }
  test.ok(matched > 1_000, `${matched} matched`);
});

t.test("pieceOf() takes the longer end", async (test) => {
  test.same(pieceOf("ab"), { kind: "exact", text: "ab" });
  test.same(pieceOf("ab*c"), { kind: "beginning", text: "ab" });
  test.same(pieceOf("a?bc"), { kind: "ending", text: "bc" });
  test.same(pieceOf("*ab*"), { kind: "none", text: "" });
});
