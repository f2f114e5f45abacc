/** Writes new objects into a store, sixteen at once, and prints each name and revision once it is acknowledged. */
import { openObjectStore } from "../object-store.ts";

const [file = ""] = process.argv.slice(2);
const store = openObjectStore({ file });

async function writeForever(writer: number): Promise<void> {
  for (let count = 0; ; count++) {
    const name = `${process.pid}-${writer}-${count}`;
    const key = { resource: "things", namespace: "default", name };
    const object = { apiVersion: "v1", kind: "Thing", metadata: { name, uid: name }, data: "x".repeat(500) };
    const written = await store.write((transaction) => transaction.put(key, object));
    process.stdout.write(`${name} ${written.metadata.resourceVersion}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => writeForever(writer)));
