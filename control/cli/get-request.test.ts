/** Tests of how words become kinds and names. */
import t from "tap";
import { parseWanted } from "./get-request.ts";

for (const { words, want } of [
  { words: [], want: [{ kindWord: "", names: [] }] },
  { words: ["egw"], want: [{ kindWord: "egw", names: [] }] },
  { words: ["egw", "a", "b", "a"], want: [{ kindWord: "egw", names: ["a", "b"] }] },
  {
    words: ["egw,ehr,egw"],
    want: [
      { kindWord: "egw", names: [] },
      { kindWord: "ehr", names: [] },
    ],
  },
  {
    words: ["egw,ehr", "a"],
    want: [
      { kindWord: "egw", names: ["a"] },
      { kindWord: "ehr", names: ["a"] },
    ],
  },
  {
    words: ["egw/a", "ehr/b", "egw/c"],
    want: [
      { kindWord: "egw", names: ["a", "c"] },
      { kindWord: "ehr", names: ["b"] },
    ],
  },
]) {
  t.test(`parseWanted() takes ${JSON.stringify(words)}`, async (t) => {
    t.same(parseWanted(words, "get"), want);
  });
}

for (const { words, message } of [
  {
    words: ["egw", "a/b"],
    message: 'Cannot get "a/b": wanted names after KIND, or only KIND/NAME',
  },
  { words: ["egw,"], message: 'Cannot get "egw,": a kind beside a comma is missing' },
  { words: ["egw/a", "b"], message: 'Cannot get "b": wanted KIND/NAME' },
  { words: ["/a"], message: 'Cannot get "/a": wanted KIND/NAME' },
]) {
  t.test(`parseWanted() refuses ${JSON.stringify(words)}`, async (t) => {
    t.throws(() => parseWanted(words, "get"), { message, exitCode: 2 });
  });
}
