import t from "tap";
import { vertexHosts } from "./hosts.ts";

t.test("vertexHosts has the global host and those of regions", async (t) => {
  for (const host of [
    "aiplatform.googleapis.com",
    "us-central1-aiplatform.googleapis.com",
    "europe-west4-aiplatform.googleapis.com",
    "aiplatform.eu.rep.googleapis.com",
  ]) {
    t.ok(vertexHosts.includes(host), host);
  }
  t.equal(new Set(vertexHosts).size, vertexHosts.length);
});
