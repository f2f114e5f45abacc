/** Tests of the order of storing: numbers only ever rise. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { IngestSequence, sequenceAt, sequenceMs } from "./ingest-sequence.ts";

t.test("numbers rise, also after a restart and when the clock goes back", async (t) => {
  const clock = new ManualClock();
  const sequence = new IngestSequence(clock, 0n);
  const first = sequence.reserve(10);
  t.equal(sequenceMs(first), clock.now());
  t.equal(sequence.last, first + 9n);
  t.equal(sequence.reserve(1), first + 10n, "within one millisecond");
  clock.advance(5);
  const later = sequence.reserve(1);
  t.equal(later, sequenceAt(clock.now()));
  const restarted = new IngestSequence(new ManualClock(0), later);
  t.equal(restarted.reserve(3), later + 1n);
  restarted.raise(later + 100n);
  t.equal(restarted.reserve(1), later + 101n);
  restarted.raise(1n);
  t.equal(restarted.last, later + 101n);
});
