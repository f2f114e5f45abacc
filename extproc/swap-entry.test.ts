/** What follows from a swap plan and the values of the moment. */
import { inspect } from "node:util";
import t from "tap";
import { createSwapEntry } from "./swap-entry.ts";
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

t.test("a SwapEntry shows no value when it is printed", async (t) => {
  const entry = swapEntry(swapPlan({ scrubs: [placeholderUse()] }));
  t.notMatch(JSON.stringify(entry), value.slice(3, 12));
  t.notMatch(inspect(entry, { depth: 9, showHidden: true }), value.slice(3, 12));
});
