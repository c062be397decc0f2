// Lets large integers, which are kept as BigInt, be sent with all their digits where the browser can write them.
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint): unknown {
    return rawJson === undefined ? Number(this) : rawJson(this.toString());
  },
});
