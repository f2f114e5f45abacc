/** Unit tests of asking whether a program serves. */
import { createServer } from "node:http";
import t from "tap";
import { listen } from "../load/testdata/listen.ts";
import { answersAt } from "./http-ready.ts";

t.test("answersAt() waits until it is answered well", async (t) => {
  let status = 503;
  const server = createServer((_, response) => response.writeHead(status).end("x"));
  const url = `http://127.0.0.1:${await listen(t, server)}/`;
  t.equal(await answersAt(url), undefined);
  status = 204;
  t.equal(await answersAt(url), true);
  t.equal(await answersAt("http://127.0.0.1:1/"), undefined, "nobody listens");
});
