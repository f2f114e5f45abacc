/** Tests of the ids and times that every record has anew. */
import t from "tap";
import { RecordStamps } from "./record-stamps.ts";

/** Random bytes that count up, so that every draw differs. */
function countingRandom(): { random: (size: number) => Uint8Array; draws: number[] } {
  const draws: number[] = [];
  const random = (size: number) => {
    draws.push(size);
    return new Uint8Array(size).fill(draws.length);
  };
  return { random, draws };
}

t.test("constructor() asks for no random bytes", async (t) => {
  const { random, draws } = countingRandom();
  t.ok(new RecordStamps(random));
  t.same(draws, []);
});

t.test("nextId() gives UUIDs of version 8 that count up", async (t) => {
  const stamps = new RecordStamps(countingRandom().random);
  t.equal(stamps.nextId(), "01010101-0101-8101-8101-010101010000");
  t.equal(stamps.nextId(), "01010101-0101-8101-8101-010101010001");
  for (let count = 2; count < 0x1234; count++) stamps.nextId();
  t.equal(stamps.nextId(), "01010101-0101-8101-8101-010101011234");
});

t.test("nextId() has the form of a UUID whatever the random bytes are", async (t) => {
  for (const value of [0x00, 0x5a, 0xff]) {
    const stamps = new RecordStamps((size) => new Uint8Array(size).fill(value));
    t.match(
      stamps.nextId(),
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
});

t.test("nextId() draws a new random part when the counter is through", async (t) => {
  const { random, draws } = countingRandom();
  const stamps = new RecordStamps(random);
  let last = "";
  for (let count = 0; count < 16 ** 4; count++) last = stamps.nextId();
  t.equal(last, "01010101-0101-8101-8101-01010101ffff");
  t.equal(stamps.nextId(), "02020202-0202-8202-8202-020202020000");
  t.same(draws, [16, 16]);
});

t.test("nextId() differs between processes", async (t) => {
  const ids = Array.from({ length: 100 }, () => new RecordStamps().nextId());
  t.equal(new Set(ids).size, 100);
});

const times: readonly number[] = [
  0, 1, 999, 1_000, 1_767_323_045_678, 1_767_323_045_679, 1_767_323_045_009, 1_767_323_046_000,
  253_402_300_799_999, 1_767_323_045_010,
];

t.test("isoTime() writes times as Date does", async (t) => {
  const stamps = new RecordStamps();
  for (const time of times) t.equal(stamps.isoTime(time), new Date(time).toISOString());
});

t.test("trace() makes a root where the agent sent nothing valid", async (t) => {
  const stamps = new RecordStamps();
  for (const header of ["", "-", "00-0-0-01", `00-${"0".repeat(32)}-${"0".repeat(16)}-01`]) {
    const ids = stamps.trace(header);
    t.match(ids, { traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/, parentSpanId: "" });
  }
});

t.test("trace() makes a child of what the agent sent", async (t) => {
  const ids = new RecordStamps().trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  t.equal(ids.traceId, "0af7651916cd43dd8448eb211c80319c");
  t.equal(ids.parentSpanId, "b7ad6b7169203331");
  t.match(ids.spanId, /^[0-9a-f]{16}$/);
  t.not(ids.spanId, ids.parentSpanId);
});

t.test("trace() never gives the same ids twice", async (t) => {
  const stamps = new RecordStamps();
  const ids = Array.from({ length: 1_000 }, () => stamps.trace(""));
  t.equal(new Set(ids.map(({ traceId }) => traceId)).size, 1_000);
  t.equal(new Set(ids.map(({ spanId }) => spanId)).size, 1_000);
});
