/** Asks Envoy's admin interface on its Unix socket, as whoever has the gateway's user could. */
import { request as requestHttp } from "node:http";

/** Every page that shows what Envoy holds. */
export const adminPages: readonly string[] = [
  "/config_dump?include_eds",
  "/config_dump?resource=dynamic_active_secrets",
  "/init_dump",
  "/certs",
  "/clusters?format=json",
  "/listeners",
  "/stats",
  "/stats/prometheus",
  "/server_info",
  "/runtime",
  "/contention",
];

/** Text of one page of the interface, such as `/config_dump`; rejects when the socket is gone. */
export function askAdmin(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = requestHttp({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve(text));
    });
    call.once("error", reject).end();
  });
}
