/** Tests that agents are told of a receiver only where a process that lives has one, and that its port is kept. */
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import t from "tap";
import { findOtlpEndpoint, lastOtlpPort, writeOtlpAddress } from "./otlp-address.ts";

t.test("findOtlpEndpoint() gives the address of a process that lives", async (t) => {
  const root = t.testdir({ control: {} });
  t.equal(findOtlpEndpoint(root), undefined);
  writeOtlpAddress(root, { port: 4318, pid: process.pid });
  t.equal(findOtlpEndpoint(root), "http://127.0.0.1:4318");
  t.equal(statSync(path.join(root, "control", "otlp.json")).mode & 0o777, 0o600);
  // Above the largest process id of Linux (proc(5)).
  writeOtlpAddress(root, { port: 4318, pid: 4_194_305 });
  t.equal(findOtlpEndpoint(root), undefined);
});

t.test("findOtlpEndpoint() gives nothing for a file that is none of ours", async (t) => {
  const root = t.testdir();
  mkdirSync(path.join(root, "control"));
  for (const text of ["", "{", "null", "[]", '{"port":0,"pid":1}', '{"port":"a@b","pid":1}']) {
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
  writeOtlpAddress(root, { port, pid: process.pid });
  t.equal(await lastOtlpPort(root), 0);
  await new Promise((resolve) => server.close(resolve));
  t.equal(await lastOtlpPort(root), port);
});
