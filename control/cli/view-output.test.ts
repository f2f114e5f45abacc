/** Tests of how views are followed: what goes and comes again is a change too. */
import t from "tap";
import { createFakeContext, until } from "./testdata/fake-context.ts";
import { openFakeControl } from "./testdata/fake-control.ts";
import { showView } from "./view-output.ts";
import type { ViewFlags, ViewRow } from "./view-output.ts";

function rowOf(name: string, count: number): ViewRow {
  const cells = [name, String(count)];
  return { namespace: "default", word: `thing/${name}`, cells, wide: ["w"], json: { name, count } };
}

const headings = { name: "things", headings: ["NAME", "COUNT"], wideHeadings: ["MORE"] };

for (const { output, text } of [
  { output: undefined, text: "NAME   COUNT\na      1\na      2\na      2\n" },
  {
    output: "wide",
    text: "NAME   COUNT   MORE\na      1       w\na      2       w\na      2       w\n",
  },
  { output: "name", text: "thing/a\nthing/a\nthing/a\n" },
  {
    output: "json",
    text: '{"name":"a","count":1}\n{"name":"a","count":2}\n{"name":"a","count":2}\n',
  },
  {
    output: "yaml",
    text: "---\nname: a\ncount: 1\n---\nname: a\ncount: 2\n---\nname: a\ncount: 2\n",
  },
] as const) {
  t.test(`showView() follows as ${output ?? "a table"}`, async (t) => {
    const context = await createFakeContext(t);
    await using _ = await openFakeControl(context.home);
    const looks = [[rowOf("a", 1)], [rowOf("a", 1)], [rowOf("a", 2)], [], [rowOf("a", 2)]];
    let count = 0;
    const flags: ViewFlags = { watch: true, ...(output && { output }) };
    const following = showView(context, flags, {
      ...headings,
      isNarrowed: false,
      lookMs: 5,
      load: async () => ({ rows: looks[Math.min(count++, looks.length - 1)] ?? [], note: "" }),
    });
    await until(() => count >= looks.length && context.stdout() === text, context.stdout);
    context.interrupt("SIGINT");
    await following;
    t.equal(context.stdout(), text);
  });
}

t.test("showView() says that nothing fits", async (t) => {
  const context = await createFakeContext(t);
  await using _ = await openFakeControl(context.home);
  const load = async () => ({ rows: [], note: "Some are left out" });
  await showView(context, {}, { ...headings, isNarrowed: true, load });
  t.equal(context.stdout(), "");
  t.equal(context.stderr(), "Some are left out\nNo things that fit here; look everywhere: -A\n");
});

t.test("showView() shows what terminals act on as escapes, also as names", async (t) => {
  const context = await createFakeContext(t);
  await using _ = await openFakeControl(context.home);
  const load = async () => ({ rows: [rowOf("a\u001b]0;b\u0007\u009b2J", 1)], note: "" });
  for (const output of ["name", "wide", "json", "yaml"] as const) {
    await showView(context, { output }, { ...headings, isNarrowed: false, load });
    t.notMatch(context.stdout(), /[\p{Cc}--\n]/v, output);
  }
});
