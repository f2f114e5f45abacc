/** What follows from a swap plan and the values of the moment. */
import { inspect } from "node:util";
import t from "tap";
import { createSwapEntry } from "./swap-entry.ts";
import type { SwapEntry } from "./swap-entry.ts";
import {
  foreign,
  placeholder,
  placeholderUse,
  swapEntry,
  swapPlan,
  value,
} from "./testdata/swaps.ts";

t.test(
  "createSwapEntry() swaps in the places of the policy only, and tells of all others",
  async (t) => {
    const { requests, swapsBody } = swapEntry(
      swapPlan({ placeholders: [placeholderUse(["Query"])] }),
    );
    t.equal(swapsBody, false);
    t.same(requests?.Query.exchangeText(`?a=${placeholder}`), {
      text: `?a=${value}`,
      isMarked: false,
    });
    for (const place of ["Header", "BasicAuth", "Path", "Body"] as const) {
      const seen = requests?.[place].exchangeText(placeholder);
      t.same(seen, { text: placeholder, isMarked: true }, place);
    }
    t.equal(requests?.Query.exchangeText(foreign).isMarked, true);
  },
);

t.test("createSwapEntry() only watches where no placeholder is taken", async (t) => {
  const { requests, answers, lacksValue } = swapEntry(swapPlan({ placeholders: [] }));
  t.equal(requests?.Header.exchangeText(placeholder).isMarked, true);
  t.equal(answers, undefined);
  t.equal(lacksValue, false);
});

t.test("createSwapEntry() gives back the placeholder for every value of late", async (t) => {
  const before = value.replace("7Hd8", "8Id9");
  const longer = `${value}-longer-than-it-is`;
  const plan = swapPlan({ scrubs: [placeholderUse()] });
  const { answers } = swapEntry(plan, [before, longer]);
  t.equal(answers?.exchangeText(`a ${value} b`).text, `a ${placeholder} b`);
  t.equal(answers?.exchangeText(`a ${before} b`).text, `a ${placeholder} b`);
  t.notMatch(answers?.exchangeText(longer).text, /longer/);
});

t.test("createSwapEntry() says that a value has not arrived", async (t) => {
  const entry = createSwapEntry(swapPlan(), { newest: new Map(), every: () => [] });
  t.equal(entry.lacksValue, true);
});

t.test("createSwapEntry() makes an entry anew only for another plan or other values", async (t) => {
  const plan = swapPlan({ scrubs: [placeholderUse()] });
  const { resource } = placeholderUse().secret;
  const facts = { placeholder, value, before: [value] };
  const entryOf = (changes: Partial<typeof facts> = {}, known?: SwapEntry, wanted = plan) => {
    const now = { ...facts, ...changes };
    const newest = new Map([
      [resource, now.value],
      [placeholderUse().placeholder, now.placeholder],
      ["other", String(Math.random())],
    ]);
    const every = (name: string) => (name === resource ? now.before : [newest.get(name) ?? ""]);
    return createSwapEntry(wanted, { newest, every }, known);
  };
  const entry = entryOf();
  t.equal(entryOf({}, entry), entry, "what others have is none of its business");
  t.equal(entry.answers, entry.answers);
  t.equal(entry.requests, entry.requests);
  const changed = value.replace("7Hd8", "8Id9");
  for (const changes of [
    { value: changed },
    { before: [value, changed] },
    { before: [] },
    { placeholder: placeholder.replace(/.$/, "~") },
  ]) {
    t.not(entryOf(changes, entry), entry, JSON.stringify(Object.keys(changes)));
  }
  t.not(entryOf({}, entry, { ...plan, id: "another" }), entry);
  const later = entryOf({ value: changed, before: [changed, value] }, entry);
  t.equal(later.requests?.Header.exchangeText(placeholder).text, changed);
  t.equal(entry.requests?.Header.exchangeText(placeholder).text, value, "streams go on by theirs");
  t.equal(later.answers?.exchangeText(value).text, placeholder);
});

t.test("a SwapEntry shows no value when it is printed", async (t) => {
  const entry = swapEntry(swapPlan({ scrubs: [placeholderUse()] }));
  t.ok(entry.requests && entry.answers);
  t.notMatch(JSON.stringify(entry), value.slice(3, 12));
  t.notMatch(inspect(entry, { depth: 9, showHidden: true }), value.slice(3, 12));
});
