/** Tests of the W3C trace context: what is accepted as a parent, and that ids are always valid. */
import { randomBytes } from "node:crypto";
import t from "tap";
import { createRandomPool, createTraceIds, tryParseTraceparent } from "./trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

t.test("tryParseTraceparent() reads a valid header", async (t) => {
  t.strictSame(tryParseTraceparent(`00-${traceId}-${spanId}-01`), {
    traceId,
    spanId,
    sampled: true,
  });
  t.strictSame(tryParseTraceparent(`00-${traceId}-${spanId}-00`), {
    traceId,
    spanId,
    sampled: false,
  });
  t.match(tryParseTraceparent(`00-${traceId}-${spanId}-ff`), { sampled: true });
});

t.test("tryParseTraceparent() ignores what a later version adds", async (t) => {
  t.match(tryParseTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-brings`), { traceId });
});

const rejected: ReadonlyArray<{ name: string; header: string | undefined }> = [
  { name: "absent", header: undefined },
  { name: "empty", header: "" },
  { name: "version ff", header: `ff-${traceId}-${spanId}-01` },
  { name: "version 00 with more", header: `00-${traceId}-${spanId}-01-x` },
  { name: "later version without a dash", header: `01-${traceId}-${spanId}-01x` },
  { name: "upper case", header: `00-${traceId.toUpperCase()}-${spanId}-01` },
  { name: "zero trace id", header: `00-${"0".repeat(32)}-${spanId}-01` },
  { name: "zero span id", header: `00-${traceId}-${"0".repeat(16)}-01` },
  { name: "short trace id", header: `00-${traceId.slice(1)}-${spanId}-01` },
  { name: "no flags", header: `00-${traceId}-${spanId}` },
  { name: "surrounded by spaces", header: ` 00-${traceId}-${spanId}-01 ` },
  { name: "two headers joined", header: `00-${traceId}-${spanId}-01,00-${traceId}-${spanId}-01` },
  { name: "too long", header: `cc-${traceId}-${spanId}-01-${"x".repeat(512)}` },
  { name: "with a line break", header: `00-${traceId}-${spanId}-01\n` },
];
for (const { name, header } of rejected) {
  t.test(`tryParseTraceparent() gives undefined when the header is ${name}`, async (t) => {
    t.equal(tryParseTraceparent(header), undefined);
  });
}

t.test("createTraceIds() makes a child when there is a parent", async (t) => {
  const ids = createTraceIds(`00-${traceId}-${spanId}-00`, () =>
    Buffer.from("0102030405060708", "hex"),
  );
  t.strictSame(ids, { traceId, spanId: "0102030405060708", parentSpanId: spanId });
});

t.test("createTraceIds() makes a root when there is no valid parent", async (t) => {
  for (const header of [undefined, "nonsense"]) {
    const ids = createTraceIds(header, (size) => new Uint8Array(size).fill(0xab));
    t.strictSame(ids, { traceId: "ab".repeat(16), spanId: "ab".repeat(8), parentSpanId: "" });
  }
});

t.test("createTraceIds() gives no zero id when the generator gives zeros", async (t) => {
  const ids = createTraceIds(undefined, (size) => new Uint8Array(size));
  t.strictSame(ids, {
    traceId: `${"0".repeat(31)}1`,
    spanId: `${"0".repeat(15)}1`,
    parentSpanId: "",
  });
});

t.test("createTraceIds() gives ids that tryParseTraceparent() accepts", async (t) => {
  for (let round = 0; round < 100; round++) {
    const ids = createTraceIds(undefined, randomBytes);
    t.match(tryParseTraceparent(`00-${ids.traceId}-${ids.spanId}-01`), {
      traceId: ids.traceId,
      spanId: ids.spanId,
    });
  }
});

t.test("createRandomPool() gives out no byte twice and any size", async (t) => {
  const random = createRandomPool();
  const seen = new Set<string>();
  for (let round = 0; round < 1_000; round++) {
    const bytes = random(16);
    if (bytes.length !== 16) t.fail(`${bytes.length} bytes`);
    seen.add(Buffer.from(bytes).toString("hex"));
  }
  t.equal(seen.size, 1_000);
  for (const size of [0, 1, 4_096, 4_097]) t.equal(random(size).length, size);
});

t.test("createRandomPool() changes nothing that it has given out", async (t) => {
  const random = createRandomPool();
  const first = random(16);
  const copy = Buffer.from(first);
  for (let round = 0; round < 1_000; round++) random(16);
  t.same(Buffer.from(first), copy);
});
