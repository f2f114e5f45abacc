/** Blocks and addresses against the standard library's own reading of them, on many random ones. */
import { BlockList, isIP } from "node:net";
import t from "tap";
import { containsCidr, readAddress, readCidr } from "./cidr.ts";
import { expectValid } from "./reading.ts";

/** Whole numbers below a limit, the same each time. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

type Random = ReturnType<typeof createRandom>;

/** Few bytes, so that addresses fall into blocks often. */
function byte(random: Random): number {
  return [0, 1, 10, 127, 128, 169, 192, 254, 255, random(256)][random(10)] ?? 0;
}

function inventIpv4(random: Random): string {
  return [byte(random), byte(random), byte(random), byte(random)].join(".");
}

function inventIpv6(random: Random): string {
  const group = () => ((byte(random) << 8) | byte(random)).toString(16);
  switch (random(4)) {
    case 0:
      return `::${group()}`;
    case 1:
      return `fe80::${group()}:${group()}`;
    case 2:
      return `64:ff9b::${inventIpv4(random)}`;
    default:
      return Array.from({ length: 8 }, group).join(":");
  }
}

t.test("containsCidr() agrees with net.BlockList on 40,000 blocks and addresses", async (t) => {
  const random = createRandom(1);
  let inside = 0;
  for (let round = 0; round < 40_000; round++) {
    const isSix = random(2) === 0;
    const invent = isSix ? inventIpv6 : inventIpv4;
    const family = isSix ? "ipv6" : "ipv4";
    const network = invent(random);
    const length =
      random(3) === 0 ? random(isSix ? 129 : 33) : ([0, 8, 16, 24, 32][random(5)] ?? 0);
    const address = invent(random);
    const oracle = new BlockList();
    oracle.addSubnet(network, length, family);
    const wanted = oracle.check(address, family);
    const text = `${network}/${length}`;
    const block = readCidr(maskedText(text, length, isSix));
    if (block.kind === "invalid") return t.fail(`${text}: ${block.detail}`);
    const single = expectValid(readCidr(`${address}/${isSix ? 128 : 32}`), "block", address);
    if (containsCidr(block.value, single) !== wanted) {
      return t.fail(`${text} and ${address}: wanted ${wanted}`);
    }
    if (wanted) inside++;
  }
  return t.ok(inside > 1_000, `${inside} were inside`);
});

t.test("readAddress() takes what node:net takes for an address, and nothing else", async (t) => {
  const random = createRandom(2);
  const pieces = [
    "1",
    "0",
    "255",
    "256",
    "01",
    "0x7f",
    ".",
    ".",
    ":",
    "::",
    "ffff",
    "g",
    "%eth0",
    " ",
    "/",
  ];
  let addresses = 0;
  for (let round = 0; round < 40_000; round++) {
    const text =
      random(3) === 0
        ? inventIpv6(random)
        : Array.from({ length: 1 + random(9) }, () => pieces[random(pieces.length)]).join("");
    const isAddress = isIP(text) !== 0 && !text.includes("%");
    if ((readAddress(text).kind === "valid") !== isAddress) return t.fail(JSON.stringify(text));
    if (isAddress) addresses++;
  }
  return t.ok(addresses > 1_000, `${addresses} were addresses`);
});

/** Blocks are written without bits beyond their length; the oracle does not mind. */
function maskedText(text: string, length: number, isSix: boolean): string {
  const reading = readCidr(text);
  if (reading.kind === "valid") return text;
  const [network = ""] = text.split("/");
  const bits = isSix ? 128 : 32;
  const value = isSix ? ipv6Value(network) : ipv4Value(network);
  const kept = length === 0 ? 0n : (value >> BigInt(bits - length)) << BigInt(bits - length);
  return `${isSix ? ipv6Text(kept) : ipv4Text(kept)}/${length}`;
}

function ipv4Value(text: string): bigint {
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

function ipv6Value(text: string): bigint {
  const plain = text.replace(/(\d+\.\d+\.\d+\.\d+)$/, (tail) => {
    const value = ipv4Value(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [left = "", right] = plain.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const filled = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return filled.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function ipv6Text(value: bigint): string {
  return Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt((7 - index) * 16)) & 0xffffn).toString(16),
  ).join(":");
}
