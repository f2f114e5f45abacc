/** Tests of the input in shared memory. */
import t from "tap";
import { CurrentInput } from "./current-input.ts";

t.test("CurrentInput shows others what was set last", async (t) => {
  const memory = CurrentInput.createMemory(4);
  const [writer, reader] = [new CurrentInput(memory), new CurrentInput(memory)];
  t.equal(reader.count, 0);
  writer.set(Buffer.from("abc"));
  writer.set(Buffer.from("x"));
  t.equal(reader.count, 2);
  t.equal(reader.input.toString(), "x");
  writer.set(Buffer.from("too long"));
  t.equal(reader.input.toString(), "too ");
});
