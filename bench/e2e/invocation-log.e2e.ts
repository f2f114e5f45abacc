/** The log of events of invocations in a real NATS: the same contract as that of the embedded log. */
import { systemClock } from "../../gateway/clock.ts";
import { connectNats } from "../../gateway/nats-connection.ts";
import type { EventLog } from "../../control/invocations/event-log.ts";
import { EVENT_STREAM, openNatsEventLog } from "../../control/invocations/nats-event-log.ts";
import { testEventLog } from "../../control/invocations/testdata/event-log-contract.ts";
import { invocationEvent } from "../../control/invocations/testdata/invocation-event.ts";
import { needsNats, startNatsServer } from "../harness/nats-server.ts";
import t from "tap";

const { program, skip } = await needsNats();
const times = { connectMs: 5_000, reconnectMs: 100, pingMs: 5_000 };

testEventLog(
  "NATS",
  async (test) => {
    const server = await startNatsServer(test, program);
    const servers = [server.url];
    let log = await openNatsEventLog({ servers, clock: systemClock });
    test.teardown(() => log.close());
    const withServer = async (change: (parts: Admin) => Promise<void>): Promise<EventLog> => {
      const connection = await connectNats({ servers }, times);
      const { jetstreamManager } = await import("@nats-io/jetstream");
      await change({ connection, manager: await jetstreamManager(connection) });
      await connection.close();
      return log;
    };
    return {
      log,
      reopen: async () => {
        await log.close();
        log = await openNatsEventLog({ servers, clock: systemClock });
        return log;
      },
      lose: () =>
        withServer(async ({ manager }) => {
          await manager.streams.delete(EVENT_STREAM);
          // The first question finds it gone, and has it made again.
          await log.ends().catch(() => {});
        }),
      spoil: () =>
        withServer(async ({ connection }) => {
          connection.publish("clrk.invocations.a.b.c.d", "{");
          await connection.flush();
        }),
    };
  },
  skip,
);

t.test(
  "what was said to be logged is there after the server was killed",
  { skip },
  async (test) => {
    const server = await startNatsServer(test, program);
    const log = await openNatsEventLog({ servers: [server.url], clock: systemClock });
    test.teardown(() => log.close());
    const first = await log.append(invocationEvent(1, "Running"));
    await server.kill();
    await test.rejects(log.append(invocationEvent(2, "Running")), { code: "CLRK_UNAVAILABLE" });
    await server.start();
    const again = await untilAnswered(() => log.append(invocationEvent(1, "Running")));
    test.strictSame(again, { ...first, isDuplicate: true });
  },
);

t.test("openNatsEventLog() says where nobody answers", async (test) => {
  await test.rejects(openNatsEventLog({ servers: ["nats://127.0.0.1:1"], clock: systemClock }), {
    code: "CLRK_UNAVAILABLE",
  });
});

interface Admin {
  readonly connection: Awaited<ReturnType<typeof connectNats>>;
  readonly manager: import("@nats-io/jetstream").JetStreamManager;
}

async function untilAnswered<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    try {
      return await question();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}
