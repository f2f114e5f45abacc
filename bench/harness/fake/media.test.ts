import t from "tap";
import { inspectBase64, inspectImageUrl, parseDataUrl } from "./media.ts";

const png = Buffer.from("89504e470d0a1a0a00", "hex").toString("base64");

t.test(
  "inspectBase64() says what the bytes are, with a digest that shows a change",
  async (test) => {
    test.match(inspectBase64("image/png", png), {
      words: /^image\/png of 9 bytes \([0-9a-f]{8}\)$/,
    });
    test.not(
      Object(inspectBase64("text/plain", "YQ==")).words,
      Object(inspectBase64("text/plain", "Yg==")).words,
    );
  },
);

const broken = [
  { name: "bytes of another format", type: "image/jpeg", data: png, reason: /no image\/jpeg/ },
  { name: "no base64", type: "image/png", data: "a*", reason: "invalid base64 data" },
  { name: "no padding", type: "image/png", data: "YQ", reason: "invalid base64 data" },
  { name: "nothing", type: "image/png", data: "", reason: "empty data" },
];

for (const { name, type, data, reason } of broken) {
  t.test(`inspectBase64() refuses ${name}`, async (test) => {
    test.match(inspectBase64(type, data), { kind: "broken", reason });
  });
}

t.test("inspectImageUrl() takes http and data URLs of images", async (test) => {
  test.same(inspectImageUrl("https://a.test/b.png"), {
    kind: "fine",
    words: "image at https://a.test/b.png",
  });
  test.match(inspectImageUrl(`data:image/png;base64,${png}`), { kind: "fine" });
  test.match(inspectImageUrl("ftp://a.test"), { reason: "neither an http(s) nor a data URL" });
  test.match(inspectImageUrl("data:image/bmp;base64,YQ=="), { reason: /unsupported image type/ });
});

t.test("parseDataUrl() takes base64 alone", async (test) => {
  test.same(parseDataUrl("data:a/b;base64,YQ=="), { mediaType: "a/b", data: "YQ==" });
  test.equal(parseDataUrl("data:a/b,a"), undefined);
});
