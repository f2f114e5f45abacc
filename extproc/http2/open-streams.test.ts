import t from "tap";
import { OpenStreams } from "./open-streams.ts";
import { Http2Stream } from "./stream.ts";

const owner = { sendHeaders: () => {}, sendBody: () => {}, end: () => {} };

function stream(id: number): Http2Stream {
  return new Http2Stream(id, owner, { receiveWindow: 1, sendWindow: 1, contentLength: -1 });
}

t.test("find() gives what was added and not removed, as a Map does", async (t) => {
  const table = new OpenStreams();
  const oracle = new Map<number, Http2Stream>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  let nextId = 1;
  for (let step = 0; step < 200_000; step++) {
    // Now and then many are open, most of the time few.
    const wanted = step % 20_000 < 2_000 ? 3_000 : 20;
    if (oracle.size < wanted) {
      const opened = stream(nextId);
      nextId += 2 * (1 + random(40));
      table.add(opened);
      oracle.set(opened.id, opened);
    } else {
      const ids = [...oracle.keys()].slice(0, 8);
      const id = ids[random(ids.length)] ?? 0;
      table.remove(id);
      oracle.delete(id);
    }
    const probe = nextId - 2 * random(60);
    if (table.find(probe) !== oracle.get(probe)) t.fail(`stream ${probe} at step ${step}`);
    if (table.size !== oracle.size) t.fail(`size at step ${step}`);
  }
  t.same(
    table
      .all()
      .map(({ id }) => id)
      .toSorted((left, right) => left - right),
    [...oracle.keys()],
  );
});

t.test("a stream that stays open is found however many pass by", async (t) => {
  const table = new OpenStreams();
  const first = stream(1);
  table.add(first);
  for (let id = 3; id < 20_000; id += 2) {
    table.add(stream(id));
    if (table.find(1) !== first) t.fail(`lost at ${id}`);
    table.remove(id);
  }
  t.equal(table.find(1), first);
  t.equal(table.find(3), undefined);
  t.equal(table.size, 1);
});

t.test("remove() of an unknown id does nothing", async (t) => {
  const table = new OpenStreams();
  table.add(stream(1));
  table.remove(129);
  t.equal(table.size, 1);
});
