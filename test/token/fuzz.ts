// Seeded strings that are hard for a tokenizer: all scripts, emoji, combining marks, lone surrogates, long runs of white
// space, contractions, added tokens and broken ones. Nothing newer than Unicode 15.

// Scripts of the first plane; digits, signs and marks; emoji, other planes, private use. Code points in hexadecimal.
const RANGES = `
  20-7e a0-17f 180-24f 370-377 391-3ff 400-52f 531-556 5d0-5ea 591-5c7 600-6ff 710-74a 904-97f 985-98c a05-a0a b85-b8a
  bbe-bd7 c05-c0c cbe-ccd d3b-d57 e01-e3a e40-e5b e81-e84 f00-f47 f71-f84 1000-109f 10a0-10c5 10d0-10ff 1100-11ff
  1200-1248 13a0-13f5 1680-169c 1780-17dd 1820-1878 1e00-1eff 1f00-1f15 2c00-2c5f 3041-3096 30a1-30ff 3105-312f 3400-4dbf
  4e00-9fff a000-a48c ac00-d7a3 f900-fa6d fb00-fb06 fb1d-fb36 fb50-fbb1 ff01-ffbe
  660-669 bc-be 966-96f 2070-2079 2150-218b 2460-24ff 3007-3007 2010-2027 20a0-20c0 2190-23ff 2500-27bf 2800-28ff 3001-303f
  300-36f 1ab0-1ace 1dc0-1dff 20d0-20f0 fe00-fe0f fe20-fe2f
  1f300-1f64f 1f680-1f6d7 1f900-1f9ff 1f1e6-1f1ff 1f3fb-1f3ff 10000-1000b 10400-1044f 12000-12399 1d400-1d454 1d15e-1d164
  1d7ce-1d7ff 20000-2a6df 2f800-2fa1d 31350-323af e0001-e007f e000-e010`
  .trim()
  .split(/\s+/)
  .map((range) => range.split("-").map((hex) => Number.parseInt(hex, 16)) as [number, number]);

const SPACES = [..."   \n\r\t\v\f\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u180e", "\r\n"];

const WORDS = (
  "'s|'S|'T|'re|'Ve|'LL|'d|'ſ|don't| it's|''|'|hello| world|the |function |return|();\n| = |==|{\n    |});\n\n|// |1234567890|" +
  "3.14|0x1F|user|assistant|👨‍👩‍👧‍👦|🏳️‍🌈|👍🏽|🇩🇪|e\u0301|A\u030a|q\u0323\u0307|q\u0307\u0323|\u1100\u1161\u11a8|한|\u212b|\u2126|क\u093c|\u09c7\u09be|" +
  "\u0344|\u0f73|<¦|¦>|<¦im_start|im_end¦>|<tool_call|< ¦im_end¦>|\0|\u007f"
)
  .split("|")
  .map((word) => word.replaceAll("¦", "|"));

/** One string; `tokens` are mixed in, whole and cut. */
export function fuzzString(random: () => number, tokens: readonly string[]): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const int = (below: number) => Math.floor(random() * below);
  const char = ([first, last]: readonly [number, number]) => String.fromCodePoint(first + int(last - first + 1));
  const several = (most: number, make: () => string) => Array.from({ length: 1 + int(most) }, make);
  const word = () => pick(WORDS);
  const makers: (() => string)[] = [
    () =>
      several(
        12,
        (
          (range) => () =>
            char(range)
        )(pick(RANGES)),
      ).join(""),
    () => several(6, () => char(pick(RANGES))).join(""),
    word,
    () => several(4, word).join(pick(["", " ", "\n"])),
    () => several(5, () => pick(SPACES)).join(""),
    () => pick(SPACES).repeat(1 + int(random() < 0.1 ? 300 : 12)),
    () => char(pick(RANGES)).repeat(1 + int(random() < 0.1 ? 100 : 5)),
    () => pick(tokens),
    () => ((token) => token.slice(int(token.length), 1 + int(token.length)))(pick(tokens)),
    () => String.fromCharCode(0xd800 + int(0x800)),
    () => several(random() < 0.05 ? 150 : 6, () => char([0x300, 0x36f])).join(""),
  ];
  return Array.from({ length: int(9) }, () => pick(makers)()).join("");
}
