import t from "tap";
import { EventWriter } from "./responses-event-writer.ts";

t.test("write() gives an event its name, its type and the next number", async (t) => {
  const events = new EventWriter();
  t.equal(
    events.write("response.a", '"x":1'),
    'event: response.a\ndata: {"type":"response.a","sequence_number":0,"x":1}\n\n',
  );
  t.equal(
    events.write("response.b", '"x":2'),
    'event: response.b\ndata: {"type":"response.b","sequence_number":1,"x":2}\n\n',
  );
});

t.test("write() numbers each stream from 0", async (t) => {
  new EventWriter().write("a", '"x":1');
  t.match(new EventWriter().write("a", '"x":1'), /"sequence_number":0,/);
});
