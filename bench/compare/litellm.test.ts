/** Unit tests of LiteLLM's configuration. */
import t from "tap";
import { createLitellm, litellmConfig, quietLogging } from "./litellm.ts";
import { peerPaths } from "./peers.ts";

t.test("litellmConfig() has one model, at the fake API, with its key", async (t) => {
  t.same(litellmConfig({ host: "127.0.0.1", port: 4711 }), {
    model_list: [
      {
        model_name: "gpt-4o-mini",
        litellm_params: {
          model: "openai/gpt-4o-mini",
          api_base: "https://127.0.0.1:4711/v1",
          api_key: "bench-openai-0123456789abcdef",
        },
      },
    ],
    litellm_settings: { telemetry: false },
  });
});

t.test("quietLogging keeps uvicorn from writing a line for every request", async (t) => {
  t.equal(quietLogging.loggers["uvicorn.access"].level, "WARNING");
});

t.test("createLitellm() says how to get it", async (t) => {
  const litellm = createLitellm(peerPaths({ CLRK_BENCH_PEERS: "/nowhere" }));
  t.match(await litellm.find(), {
    kind: "absent",
    reason: "not installed: run npm run bench -- setup-peers",
  });
  t.notOk(litellm.only?.includes("latency"), "its rate is beyond it");
});
