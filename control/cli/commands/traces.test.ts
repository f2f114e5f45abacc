import t from "tap";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import { openReadApi, spanDocument } from "../testdata/fake-read-api.ts";

const id = (index: number) => index.toString(16).padStart(16, "0");

function spanIds(output: string): string[] {
  return output
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0].spanId);
}

t.test("traces() prints a whole TracesData with one span a line, the oldest first", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  const [one, two] = [
    spanDocument(1),
    spanDocument(2, {}, { "clrk.big": { intValue: "9007199254740993" } }),
  ];
  api.store(one, two);
  t.equal(await context.clrk("traces", "process/tool"), 0, context.stderr());
  const lines = context.stdout().trimEnd().split("\n");
  t.strictSame(
    lines.map((line) => JSON.parse(line)),
    [{ resourceSpans: [one] }, { resourceSpans: [two] }],
  );
  t.match(context.stdout(), '"intValue":"9007199254740993"');
});

t.test(
  "traces() follows over cuts at random places, and over a server that is started again",
  async (t) => {
    const context = await createFakeContext(t);
    const first = await openReadApi(t, context);
    first.cuts = 4;
    const ended = context.clrk("traces", "process/tool", "-f", "-o", "json");
    const stored: ReturnType<typeof spanDocument>[] = [];
    const store = (api: typeof first, from: number, to: number) => {
      for (let index = from; index < to; index++) {
        const span = spanDocument(index);
        stored.push(span);
        api.store(span);
      }
    };
    await until(
      () => first.asked.some((path) => path.includes("follow")),
      () => first.asked.join(),
    );
    store(first, 0, 20);
    await until(() => spanIds(context.stdout()).length === 20, context.stdout);
    await first.close();
    // Another port and another authority, as after `clrk dev` was started again.
    const second = await openReadApi(t, context);
    second.store(...stored);
    store(second, 20, 40);
    await until(
      () => spanIds(context.stdout()).length >= 40,
      () => context.stderr(),
    );
    context.interrupt("SIGINT");
    t.equal(await ended, 0);
    t.strictSame(
      spanIds(context.stdout()),
      Array.from({ length: 40 }, (_, index) => id(index)),
    );
    t.match(context.stderr(), /^Connection lost, trying again: /m);
  },
);

t.test(
  "traces() ends with the signal's code when it is stopped, and quietly when nobody reads",
  async (t) => {
    const context = await createFakeContext(t);
    const api = await openReadApi(t, context);
    for (const { reason, code } of [
      { reason: "SIGTERM", code: 143 },
      { reason: "output-closed", code: 0 },
    ] as const) {
      const before = api.asked.length;
      const ended = context.clrk("traces", "process/tool", "-f");
      await until(
        () => api.asked.length >= before + 2,
        () => api.asked.join("\n"),
      );
      context.interrupt(reason);
      t.equal(await ended, code);
      t.equal(context.stderr(), "");
    }
  },
);

t.test("traces() ends with a sentence when it may not look any more", async (t) => {
  const context = await createFakeContext(t);
  const api = await openReadApi(t, context);
  api.cuts = 1;
  const ended = context.clrk("traces", "process/tool", "-f");
  await until(
    () => api.asked.length >= 2,
    () => api.asked.join("\n"),
  );
  api.failures.set("/traces", { status: 403, reason: "Forbidden" });
  for (let index = 0; index < 10; index++) api.store(spanDocument(index));
  t.equal(await ended, 1);
  t.match(context.stderr(), /clrk: Not allowed: refused with 403/);
});
