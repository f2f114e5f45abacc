/** Tests that HTTP comes without the client behind `fetch`. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import http from "node:http";
import t from "tap";
import { Agent, createServer, request } from "./node-http.ts";

t.test("node-http has what node:http has", async (test) => {
  test.equal(Agent, http.Agent);
  test.equal(createServer, http.createServer);
  test.equal(request, http.request);
});

t.test("an import of it loads no undici, which an import of node:http does", async (test) => {
  const loads = (specifier: string) => {
    const script = `await import(${JSON.stringify(specifier)});
      console.log(process.moduleLoadList.some((name) => name.endsWith("internal/deps/undici/undici")));`;
    const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
    return execFileSync(process.execPath, words, { encoding: "utf8" });
  };
  const ours = fileURLToPath(new URL("./node-http.ts", import.meta.url));
  test.equal(loads(ours), "false\n");
  test.equal(loads("node:http"), "true\n");
});
