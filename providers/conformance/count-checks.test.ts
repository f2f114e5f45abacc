import t from "tap";
import type { CountCodec } from "../codec.ts";
import { checkCounts } from "./count-checks.ts";
import { countProblems } from "./testdata/broken-codecs.ts";
import { mirrorCount } from "./testdata/mirror-provider.ts";

const problemsOf = (count: Partial<CountCodec>) => countProblems({ count }, checkCounts);

t.test("checkCounts() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

for (const { name, count, problem } of [
  {
    name: "another number",
    count: {
      encodeResponse: (_, request) => mirrorCount.encodeResponse({ inputTokens: 7 }, request),
    },
    problem: "count of 0: it is read as 7",
  },
  {
    name: "a number as text",
    count: { decodeResponse: () => ({ kind: "ok", value: { inputTokens: "7" } }) as never },
    problem: 'count of 7: it is read as no count: inputTokens is "7", wanted a whole number',
  },
  {
    name: "what it cannot read",
    count: { encodeResponse: () => ({ contentType: "x", body: "" }) },
    problem: "count of 7: its own writing is malformed: it is not JSON",
  },
  {
    name: "requests that it cannot carry",
    count: { encodeRequest: () => "" },
    problem:
      "count of 7: its request cannot be carried: its own writing is malformed: it is not JSON",
  },
] as { name: string; count: Partial<CountCodec>; problem: string }[]) {
  t.test(`checkCounts() finds a codec that writes or reads ${name}`, async (t) => {
    const problems = problemsOf(count);
    t.ok(problems.includes(problem), JSON.stringify(problems));
  });
}
