/** Ranges of addresses, those of each family by themselves: an IPv4 address is in no range of IPv6, whatever maps it there. */

import { BlockList, isIP } from "node:net";

/** Tells whether a text is an address in one of the CIDRs. */
export function inRanges(cidrs: readonly string[]): (address: string) => boolean {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const cidr of cidrs) {
    const slash = cidr.lastIndexOf("/");
    const prefix = cidr.slice(0, slash);
    const family = isIP(prefix) === 4 ? 4 : 6;
    lists[family].addSubnet(prefix, Number(cidr.slice(slash + 1)), `ipv${family}`);
  }
  return (address) => {
    const family = isIP(address);
    return (family === 4 || family === 6) && lists[family].check(address, `ipv${family}`);
  };
}
