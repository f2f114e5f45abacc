/** Memory of captures: nothing is written over before it is given back, and no more is taken than there is. */
import t from "tap";
import { CaptureReader, CaptureWriter } from "./capture-memory.ts";
import type { CapturePlace } from "./capture-memory.ts";

interface Ends {
  readonly writer: CaptureWriter;
  /** The capture at a place, and what gives it back */
  readonly take: (place: CapturePlace) => { readonly text: string; readonly giveBack: () => void };
}

function ends(): Ends {
  const writer = new CaptureWriter();
  const reader = new CaptureReader();
  return {
    writer,
    take(place) {
      reader.add(writer.takeNew());
      const { bytes, start, end, giveBack } = reader.lease(place);
      return { text: bytes.toString("latin1", start, end), giveBack };
    },
  };
}

t.test(
  "place() puts captures where the reader finds them, and takes a chunk again once all are back",
  async (t) => {
    const { writer, take } = ends();
    const chunks = new Set<number>();
    for (let round = 0; round < 1_000; round++) {
      const text = `${round}`.repeat(2_000);
      const place = writer.place([text.slice(0, 7), text.slice(7)], text.length);
      if (place === undefined) throw new TypeError(`No place in round ${round}`);
      chunks.add(place.chunk);
      const taken = take(place);
      if (taken.text !== text) t.fail(`round ${round} is another text`);
      taken.giveBack();
    }
    t.same([...chunks], [0], "one chunk is enough for one at a time");
  },
);

t.test(
  "place() writes over nothing that is still lent, whatever the order it comes back in",
  async (t) => {
    const { writer, take } = ends();
    let state = 5;
    const below = (limit: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % limit;
    };
    const lent: { readonly place: CapturePlace; readonly text: string; giveBack(): void }[] = [];
    for (let round = 0; round < 5_000; round++) {
      const text = `${round},`.repeat(1 + below(3_000));
      const place = writer.place([text.slice(0, 7), text.slice(7)], text.length);
      if (place !== undefined) lent.push({ place, ...take(place), text });
      while (lent.length > below(600)) {
        const [gone] = lent.splice(below(lent.length), 1);
        if (gone === undefined) break;
        if (take(gone.place).text !== gone.text) t.fail(`round ${round} finds another text`);
        gone.giveBack();
      }
    }
    for (const { place, text } of lent) t.equal(take(place).text, text);
  },
);

t.test(
  "place() gives no place to a long capture, and to none once all memory is lent",
  async (t) => {
    const { writer, take } = ends();
    t.equal(writer.place(["x".repeat(64 * 1024 + 1)], 64 * 1024 + 1), undefined);
    const text = "x".repeat(64 * 1024);
    const put = () => writer.place([text], text.length);
    const places: CapturePlace[] = [];
    for (let place = put(); place !== undefined; place = put()) {
      places.push(place);
      if (places.length > 1_000) throw new TypeError("There is no end of memory");
    }
    t.equal(places.length, 3 * 128, "three of a quarter fit into each of 128 chunks");
    for (const place of places.filter(({ chunk }) => chunk === 77)) take(place).giveBack();
    t.equal(put()?.chunk, 77);
  },
);
