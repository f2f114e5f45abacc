/** Opens an authority in a process of its own and prints its id: open-authority.ts DIRECTORY. */
import { systemClock } from "../../gateway/clock.ts";
import { openAuthority } from "../authority.ts";

const authority = await openAuthority({
  directory: process.argv[2] ?? "",
  egressGateway: "default/main",
  clock: systemClock,
  onError: console.error,
});
console.log(authority.issuer()?.id);
await authority.close();
