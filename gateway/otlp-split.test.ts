/** Tests of batches in halves: what is in them together is what was in the batch, in its order. */
import t from "tap";
import { encodeLogs, encodeSpans } from "./otlp-encode.ts";
import { createBody } from "./otlp-request.ts";
import type { OtlpSignal } from "./otlp-request.ts";
import { splitBody } from "./otlp-split.ts";
import { opentelemetry } from "./proto/gen/otlp.js";
import { httpRecord } from "./testdata/egress-record.ts";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

function message(signal: OtlpSignal, count: number): Uint8Array {
  const items = Array.from({ length: count }, (_, number) => ({
    record: httpRecord({ id: `r${number}`, gateway: { namespace: "a", name: `g${number % 2}` } }),
    ids: { traceId: "0".repeat(31) + number, spanId: "0".repeat(15) + number, parentSpanId: "" },
    observedUnixNs: 1n,
  }));
  return signal === "traces" ? encodeSpans(items, {}) : encodeLogs(items, {});
}

/** Ids of the spans, or of the logs, by the name of their gateway. */
function idsOf(signal: OtlpSignal, bytes: Uint8Array): string[] {
  const items =
    signal === "traces"
      ? ExportTraceServiceRequest.decode(bytes).resourceSpans.flatMap(({ scopeSpans }) =>
          (scopeSpans ?? []).flatMap(({ spans }) => spans ?? []),
        )
      : ExportLogsServiceRequest.decode(bytes).resourceLogs.flatMap(({ scopeLogs }) =>
          (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? []),
        );
  return items.map(({ spanId }) => Buffer.from(spanId ?? []).toString("hex"));
}

for (const signal of ["traces", "logs"] as const) {
  t.test(`${signal} are split down to single records`, async (t) => {
    const whole = message(signal, 5);
    const halves = await splitBody(signal, await createBody(whole, 1), Number.POSITIVE_INFINITY);
    t.same(
      halves?.map(({ records }) => records),
      [2, 3],
    );
    const bodies = (halves ?? []).map(({ body }) => body);
    t.same(
      bodies.flatMap(({ bytes }) => idsOf(signal, bytes)),
      idsOf(signal, whole),
    );
    const one = await createBody(message(signal, 1), Number.POSITIVE_INFINITY);
    t.equal(await splitBody(signal, one, 1), undefined);
  });
}

t.test("what cannot be read is not split", async (t) => {
  const damaged = { bytes: new Uint8Array([255, 255, 255]), isCompressed: false };
  for (const isCompressed of [false, true]) {
    t.equal(await splitBody("logs", { ...damaged, isCompressed }, 1), undefined);
  }
});
