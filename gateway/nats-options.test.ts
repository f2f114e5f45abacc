/** Tests of where NATS is: addresses that are taken and refused, and a credential that is read from a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseNatsOptions, readNatsServers } from "./nats-options.ts";

for (const server of ["a:4222", "http://a", "nats://", "nats://a/x", "nats://a?x=1", ""]) {
  t.test(`parseNatsOptions() refuses "${server}" as a NATS server`, async (t) => {
    t.throws(() => parseNatsOptions({ nats: [server] }), {
      message: `Cannot use NATS server "${server}": wanted nats://HOST[:PORT] or tls://HOST[:PORT]`,
    });
  });
}

t.test(
  "parseNatsOptions() takes no credential among the arguments, and repeats none",
  async (t) => {
    for (const server of ["nats://user:hunter2@a", "nats://hunter2@a"]) {
      t.throws(() => parseNatsOptions({ nats: [server] }), {
        message:
          "Cannot use a NATS server with a credential in its address: wanted nats://HOST[:PORT] or tls://HOST[:PORT], and --nats-credentials FILE",
      });
    }
  },
);

t.test("readNatsServers() reads the credential, and says which file it cannot read", async (t) => {
  const file = join(t.testdir(), "c.creds");
  writeFileSync(file, "secret");
  const nats = ["tls://b"];
  t.equal(await readNatsServers({ nats: [] }), undefined);
  t.same(await readNatsServers({ nats }), { servers: nats });
  t.same(await readNatsServers({ nats, natsCredentials: file }), {
    servers: nats,
    credentials: Buffer.from("secret"),
  });
  await t.rejects(readNatsServers({ nats, natsCredentials: `${file}x` }), {
    code: "CLRK_INVALID_ARGUMENT",
    message: `Cannot read NATS credentials "${file}x": `,
  });
});
