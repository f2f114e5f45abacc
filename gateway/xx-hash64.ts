/** XXH64 as Envoy's matchers compute it: by it we know beforehand which of two ways Envoy sends an agent. */

const mask = 0xffff_ffff_ffff_ffffn;
const prime1 = 0x9e37_79b1_85eb_ca87n;
const prime2 = 0xc2b2_ae3d_27d4_eb4fn;
const prime3 = 0x1656_67b1_9e37_79f9n;
const prime4 = 0x85eb_ca77_c2b2_ae63n;
const prime5 = 0x27d4_eb2f_1656_67c5n;

/** The 64-bit hash of a text's UTF-8 bytes (https://github.com/Cyan4973/xxHash, XXH64); `seed` is a 32-bit number. */
export function xxHash64(text: string, seed: number): bigint {
  const bytes = Buffer.from(text, "utf8");
  const start = BigInt(seed);
  let at = 0;
  let hash = (start + prime5) & mask;
  if (bytes.length >= 32) {
    const lanes = [start + prime1 + prime2, start + prime2, start, start - prime1].map(
      (lane) => lane & mask,
    );
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [index, lane] of lanes.entries()) {
        lanes[index] = round(lane, bytes.readBigUInt64LE(at + 8 * index));
      }
    }
    hash = converge(lanes);
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash ^= round(0n, bytes.readBigUInt64LE(at));
    hash = (rotate(hash, 27n) * prime1 + prime4) & mask;
  }
  if (at + 4 <= bytes.length) {
    hash ^= (BigInt(bytes.readUInt32LE(at)) * prime1) & mask;
    hash = (rotate(hash, 23n) * prime2 + prime3) & mask;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash ^= (BigInt(bytes.readUInt8(at)) * prime5) & mask;
    hash = (rotate(hash, 11n) * prime1) & mask;
  }
  return avalanche(hash);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * prime2) & mask, 31n) * prime1) & mask;
}

function converge(lanes: readonly bigint[]): bigint {
  const turns = [1n, 7n, 12n, 18n];
  const sum = lanes.reduce((total, lane, index) => total + rotate(lane, turns[index] ?? 0n), 0n);
  return lanes.reduce(
    (hash, lane) => ((hash ^ round(0n, lane)) * prime1 + prime4) & mask,
    sum & mask,
  );
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

function avalanche(value: bigint): bigint {
  let hash = value ^ (value >> 33n);
  hash = (hash * prime2) & mask;
  hash ^= hash >> 29n;
  hash = (hash * prime3) & mask;
  return hash ^ (hash >> 32n);
}
