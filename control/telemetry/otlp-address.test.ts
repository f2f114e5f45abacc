/** Tests that agents are told of a receiver only where a process that lives has one, and that its port is kept. */
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import t from "tap";
import { findOtlpEndpoint, lastOtlpPort, writeOtlpAddress } from "./otlp-address.ts";

t.test("findOtlpEndpoint() gives the address of a process that lives", async (t) => {
  const root = t.testdir({ control: {} });
  t.equal(findOtlpEndpoint(root), undefined);
  writeOtlpAddress(root, 4318);
  t.equal(findOtlpEndpoint(root), "http://127.0.0.1:4318");
  t.equal(statSync(path.join(root, "control", "otlp.json")).mode & 0o777, 0o600);
});

t.test("findOtlpEndpoint() gives nothing where another process has the id by now", async (t) => {
  const root = t.testdir({ control: {} });
  writeOtlpAddress(root, 4318);
  const file = path.join(root, "control", "otlp.json");
  const written = JSON.parse(readFileSync(file, "utf8"));
  // Above the largest process id of Linux (proc(5)).
  for (const by of [`${process.pid} 1`, `${process.pid} `, `${process.pid}`, "4194305 1"]) {
    writeFileSync(file, JSON.stringify({ ...written, process: by }));
    t.equal(findOtlpEndpoint(root), undefined, by);
  }
});

t.test("findOtlpEndpoint() gives nothing for a file that is none of ours", async (t) => {
  const root = t.testdir();
  mkdirSync(path.join(root, "control"));
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"port":1,"pid":1}',
    '{"port":"a@b","process":"1 1"}',
  ]) {
    writeFileSync(path.join(root, "control", "otlp.json"), text);
    t.equal(findOtlpEndpoint(root), undefined, text);
  }
});

t.test("lastOtlpPort() gives the port of before unless somebody else has it", async (t) => {
  const root = t.testdir({ control: {} });
  t.equal(await lastOtlpPort(root), 0);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  writeOtlpAddress(root, port);
  t.equal(await lastOtlpPort(root), 0);
  await new Promise((resolve) => server.close(resolve));
  t.equal(await lastOtlpPort(root), port);
});
